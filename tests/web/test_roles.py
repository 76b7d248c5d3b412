"""Who may ask what of every route: the whole table, so that no route is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.testclient import TestClient

from sightloop.core.entities import Project, Role
from sightloop.core.permissions import RANKS
from sightloop.flows import training
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import jobs, webhooks
from sightloop.web.api import predict
from sightloop.web.desk import Needs
from tests.web.people import add_account, bearer

FILE = {"files": [("files", ("a.jpg", b"not a picture", "image/jpeg"))]}
ONE = {"files": [("image", ("a.jpg", b"not a picture", "image/jpeg"))]}
P, ONE_IMAGE, J = "/api/v1/projects/{project}", "/api/v1/images/{image_id}", "/api/v1/jobs/{job_id}"


@dataclass(frozen=True)
class Rule:
    """The least role in the project that may ask, and a request that fits."""

    role: Role
    request: dict[str, Any] = field(default_factory=dict)


def body(**values: Any) -> dict[str, Any]:
    return {"json": values}


IN_PROJECT: dict[tuple[str, str], Rule] = {
    ("GET", P): Rule("viewer"),
    ("PATCH", P): Rule("maintainer", body(title="New")),
    ("GET", f"{P}/members"): Rule("viewer"),
    ("PUT", f"{P}/members"): Rule("maintainer", body(email="nobody@example.org", role="viewer")),
    ("DELETE", f"{P}/members/{{user_id}}"): Rule("maintainer"),
    ("GET", f"{P}/counts"): Rule("viewer"),
    ("GET", f"{P}/insights"): Rule("viewer"),
    ("GET", f"{P}/insights/samples"): Rule("viewer", {"params": {"shown": "red"}}),
    ("POST", f"{P}/images"): Rule("reviewer", FILE),
    ("POST", f"{P}/images/known"): Rule("reviewer", body(checksums=[])),
    ("GET", f"{P}/images"): Rule("viewer"),
    ("POST", f"{P}/images/bulk"): Rule("reviewer", body(action="verify", image_ids=[])),
    ("GET", ONE_IMAGE): Rule("viewer"),
    ("GET", f"{ONE_IMAGE}/history"): Rule("viewer"),
    ("GET", f"{ONE_IMAGE}/thumbnail"): Rule("viewer"),
    ("GET", f"{ONE_IMAGE}/preview"): Rule("viewer"),
    ("GET", f"{ONE_IMAGE}/region"): Rule("viewer"),
    ("GET", f"{ONE_IMAGE}/neighbours"): Rule("viewer"),
    ("GET", f"{ONE_IMAGE}/map"): Rule("viewer"),
    ("GET", f"{ONE_IMAGE}/mask"): Rule("viewer"),
    ("PUT", f"{ONE_IMAGE}/mask"): Rule("reviewer", {"content": b"not a picture"}),
    ("GET", f"{ONE_IMAGE}/measurements"): Rule("viewer"),
    ("PUT", f"{ONE_IMAGE}/scale"): Rule("reviewer", body(px_per_mm=12.5)),
    ("GET", f"{P}/report"): Rule("viewer"),
    ("POST", f"{ONE_IMAGE}/feedback"): Rule("reviewer", body(satisfied=False)),
    ("GET", f"{P}/review"): Rule("reviewer"),
    ("GET", f"{P}/ranked"): Rule("viewer", {"params": {"by": "odd"}}),
    ("GET", f"{ONE_IMAGE}/original"): Rule("reviewer"),
    ("PUT", f"{ONE_IMAGE}/label"): Rule("reviewer", body(value="red")),
    ("POST", f"{ONE_IMAGE}/verify"): Rule("reviewer"),
    ("DELETE", ONE_IMAGE): Rule("reviewer"),
    ("POST", f"{ONE_IMAGE}/restore"): Rule("reviewer"),
    ("DELETE", f"{ONE_IMAGE}/permanently"): Rule("maintainer"),
    ("POST", predict.PATH): Rule("viewer", ONE),
    ("POST", f"{P}/predict/batch"): Rule("viewer", FILE),
    ("GET", f"{P}/floor"): Rule("viewer", {"params": {"value": 0.6}}),
    ("GET", f"{P}/accuracy"): Rule("viewer"),
    ("GET", f"{P}/leaks"): Rule("viewer"),
    ("POST", f"{P}/leaks/fix"): Rule("maintainer", body(expected=0)),
    ("GET", f"{P}/teaching"): Rule("viewer"),
    ("POST", "/api/v1/predictions/{prediction_id}/replay"): Rule("viewer"),
    ("GET", "/api/v1/predictions/{prediction_id}/lineage"): Rule("viewer"),
    ("GET", f"{ONE_IMAGE}/lineage"): Rule("viewer"),
    ("POST", f"{P}/lineage"): Rule("viewer", body(image_ids=[])),
    ("GET", f"{P}/snapshots"): Rule("viewer"),
    ("GET", f"{P}/snapshots/{{snapshot_id}}/diff"): Rule("viewer"),
    ("GET", f"{P}/snapshots/{{snapshot_id}}/export"): Rule("viewer"),
    ("GET", f"{P}/models/compare"): Rule("viewer", {"params": {"a": "1", "b": "2"}}),
    ("GET", f"{P}/models"): Rule("viewer"),
    ("GET", f"{P}/models/{{ref}}"): Rule("viewer"),
    ("GET", f"{P}/models/{{ref}}/plots/{{plot}}"): Rule("viewer"),
    ("GET", f"{P}/models/{{ref}}/bundle"): Rule("viewer"),
    ("GET", f"{P}/models/{{ref}}/gate"): Rule("viewer"),
    ("POST", f"{P}/models/{{ref}}/gate"): Rule("maintainer"),
    ("POST", f"{P}/models/{{ref}}/promote"): Rule("maintainer"),
    ("POST", f"{P}/rollback"): Rule("maintainer"),
    ("GET", f"{P}/rollout"): Rule("viewer"),
    ("POST", f"{P}/rollout/end"): Rule("maintainer", body(reason="none")),
    ("POST", f"{P}/models/{{ref}}/shadow"): Rule("maintainer", body(reason="new")),
    ("GET", f"{P}/promotions"): Rule("viewer"),
    ("POST", f"{P}/rescore"): Rule("maintainer"),
    ("POST", f"{P}/trainings"): Rule("maintainer", body(family="no such family")),
    ("POST", f"{P}/save-for-retrain"): Rule("reviewer", ONE),
    ("POST", f"{P}/retrain"): Rule("maintainer", body()),
    ("GET", f"{P}/retrain"): Rule("viewer"),
    ("POST", f"{P}/retrain/archive"): Rule("maintainer", {"content": b"not a zip"}),
    ("GET", f"{P}/cascade"): Rule("viewer"),
    ("POST", f"{P}/cascade"): Rule("maintainer", body()),
    ("GET", f"{P}/trainings/plan"): Rule("maintainer", {"params": {"family": "no such family"}}),
    ("POST", f"{P}/searches"): Rule("maintainer", body(family="no such family")),
    ("GET", f"{P}/searches"): Rule("viewer"),
    ("GET", f"{P}/searches/{{job_id}}"): Rule("viewer"),
    ("POST", f"{P}/evaluations"): Rule("viewer", body()),
    ("POST", f"{P}/evaluations/archive"): Rule("reviewer", {"content": b"not a zip"}),
    ("GET", f"{P}/drift"): Rule("viewer"),
    ("GET", f"{P}/drift/{{report_id}}"): Rule("viewer"),
    ("POST", f"{P}/drift"): Rule("maintainer"),
    ("GET", f"{P}/wanted"): Rule("viewer"),
    ("POST", f"{P}/wanted"): Rule("maintainer", body(random=5)),
    ("DELETE", f"{P}/wanted"): Rule("maintainer"),
    ("POST", f"{P}/pipeline/export"): Rule("maintainer", body(have=[])),
    ("GET", f"{P}/runs"): Rule("viewer"),
    ("GET", f"{P}/runs/{{run_id}}"): Rule("viewer"),
    ("POST", f"{P}/imports"): Rule("reviewer", {"content": b"not a zip"}),
    ("GET", f"{P}/export"): Rule("viewer"),
    ("POST", f"{P}/exports"): Rule("viewer"),
    ("GET", J): Rule("viewer"),
    ("GET", f"{J}/log"): Rule("viewer"),
    ("GET", f"{J}/download"): Rule("viewer"),
    ("POST", f"{J}/cancel"): Rule("maintainer"),
    ("POST", f"{J}/retry"): Rule("maintainer"),
}
ACCOUNT_ROLE: dict[tuple[str, str], Rule] = {
    ("GET", "/api/v1/users"): Rule("admin"),
    ("POST", "/api/v1/users"): Rule("admin", body(email="b@example.org", name="B", password="correct horse battery")),
    ("PATCH", "/api/v1/users/{user_id}"): Rule("admin", body(role="viewer")),
    ("GET", "/api/v1/storage"): Rule("admin"),
    ("GET", "/api/v1/notices"): Rule("admin"),
    ("GET", "/api/v1/webhooks"): Rule("admin"),
    ("POST", "/api/v1/webhooks"): Rule("admin", body(url="https://hooks.example/")),
    ("POST", "/api/v1/webhooks/{webhook_id}/test"): Rule("admin"),
    ("DELETE", "/api/v1/webhooks/{webhook_id}"): Rule("admin"),
    ("POST", "/api/v1/check"): Rule("admin", body()),
    ("POST", "/api/v1/projects"): Rule("maintainer", body(name="second")),
}
ANYBODY = {
    ("GET", "/api/v1/auth/me"),
    ("GET", "/api/v1/recipes"),
    ("GET", "/api/v1/families"),
    ("GET", "/api/v1/projects"),
    ("GET", "/api/v1/jobs"),
    ("GET", "/api/v1/status"),
}
BY_PASSWORD = {
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/logout"),
    ("POST", "/api/v1/auth/password"),
    ("GET", "/api/v1/tokens"),
    ("POST", "/api/v1/tokens"),
    ("DELETE", "/api/v1/tokens/{token_id}"),
}
PUBLIC = {
    ("GET", "/api/v1/auth/options"),
    ("POST", "/api/v1/auth/register"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/register"),
    ("POST", "/api/login"),
}
ROLES: tuple[Role, ...] = ("viewer", "reviewer", "maintainer", "admin")


def name_of(case: object) -> str:
    return " ".join(map(str, case)) if isinstance(case, tuple) else str(case)


def test_every_route_of_the_api_is_in_this_table(app: FastAPI) -> None:
    table = {*IN_PROJECT, *ACCOUNT_ROLE, *ANYBODY, *BY_PASSWORD, *PUBLIC}
    found = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, (Route, APIRoute)) and route.path.startswith("/api/")
        for method in route.methods or ()
    }
    assert found == table


def test_every_typed_route_checks_the_scope_of_tokens_or_refuses_them(app: FastAPI) -> None:
    for route in app.routes:
        asked = {(method, route.path) for method in route.methods or ()} if isinstance(route, APIRoute) else set()
        if isinstance(route, APIRoute) and not asked & (PUBLIC | ANYBODY):
            calls = [dependency.call for dependency in route.dependant.dependencies]
            named = {getattr(call, "__name__", "") for call in calls}
            assert any(isinstance(call, Needs) for call in calls) or "_session" in named, route.path


@pytest.fixture
def path(services: Services, paint: Project, client: TestClient, picture: Callable[..., bytes]) -> Callable[[str], str]:
    """Fills a template with things that exist in the project."""
    user = add_account(services, "viewer")
    with services.db.begin() as db:
        job = jobs.enqueue(
            db,
            kind="train",
            steps=training.STEPS,
            params={},
            project_id=paint.id,
            created_by=OPERATOR.id,
            heavy=True,
        )
        hook = webhooks.add(db, url="http://127.0.0.1:9/", secret="hush", by=None)

    def fill(template: str, image_id: str = "none") -> str:
        return template.format(
            project="paint",
            image_id=image_id,
            job_id=job.id,
            user_id=user.id,
            ref="1",
            plot="roc",
            run_id="none",
            report_id="none",
            prediction_id="none",
            webhook_id=hook.id,
            snapshot_id="none",
        )

    return fill


@pytest.fixture
def stored(client: TestClient, paint: Project, token: Callable[..., str], picture: Callable[..., bytes]) -> str:
    """A picture in the project, by its id."""
    files = {"files": ("a.jpg", picture(), "image/jpeg")}
    answer = client.post("/api/v1/projects/paint/images", files=files, headers=bearer(token("admin")))
    image_id: str = answer.json()["files"][0]["image"]["id"]
    return image_id


@pytest.mark.parametrize("case", IN_PROJECT, ids=name_of)
def test_a_role_in_the_project_may_do_what_it_should_and_no_more(
    case: tuple[str, str], client: TestClient, token: Callable[..., str], path: Callable[..., str], stored: str
) -> None:
    method, template = case
    rule = IN_PROJECT[case]
    url = path(template, stored)
    for role in ROLES:
        answer = client.request(method, url, headers=bearer(token(role, project="paint")), **rule.request)
        if RANKS[role] < RANKS[rule.role]:
            assert answer.status_code == 403, (role, answer.text)
        else:
            assert answer.status_code not in (401, 403, 405, 500), (role, answer.text)
            break


@pytest.mark.parametrize("case", IN_PROJECT, ids=name_of)
def test_a_stranger_learns_nothing_of_the_project(
    case: tuple[str, str], client: TestClient, token: Callable[..., str], path: Callable[..., str], stored: str
) -> None:
    method, template = case
    stranger = bearer(token("maintainer"))
    answer = client.request(method, path(template, stored), headers=stranger, **IN_PROJECT[case].request)
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("case", ACCOUNT_ROLE, ids=name_of)
def test_the_role_of_the_account_decides_outside_projects(
    case: tuple[str, str], client: TestClient, token: Callable[..., str], path: Callable[..., str]
) -> None:
    method, template = case
    rule = ACCOUNT_ROLE[case]
    for role in ROLES:
        answer = client.request(method, path(template), headers=bearer(token(role)), **rule.request)
        allowed = RANKS[role] >= RANKS[rule.role]
        assert (answer.status_code == 403) != allowed, (role, answer.text)
        if allowed:
            assert answer.status_code in (200, 201, 202, 204), answer.text
            break


@pytest.mark.parametrize("case", sorted(ANYBODY), ids=name_of)
def test_whoever_is_signed_in_may_ask(case: tuple[str, str], client: TestClient, token: Callable[..., str]) -> None:
    assert client.request(*case, headers=bearer(token("viewer"))).status_code == 200


@pytest.mark.parametrize("case", sorted(BY_PASSWORD), ids=name_of)
def test_a_token_may_not_touch_what_guards_the_account(
    case: tuple[str, str], client: TestClient, token: Callable[..., str], path: Callable[..., str]
) -> None:
    method, template = case
    bodies = {"/api/v1/auth/password": body(old="a", new="b"), "/api/v1/tokens": body(name="more")}
    sent = bodies.get(template, {}) if method == "POST" else {}
    url = template.replace("{token_id}", "none")
    assert client.request(method, url, headers=bearer(token("admin")), **sent).status_code == 403
