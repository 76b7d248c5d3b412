"""What the API says of notices and webhooks: the secret once, the rest to administrators."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows import noticing
from sightloop.flows.services import Services
from sightloop.settings import Settings
from tests.tracking.listener import Listener, listening
from tests.web.people import bearer

HOOKS = "/api/v1/webhooks"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings under which webhooks may lead into this machine."""
    return settings.model_copy(update={"webhook_private": True})


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def test_the_secret_of_a_webhook_is_shown_once(admin: TestClient, listener: Listener) -> None:
    made = admin.post(HOOKS, json={"url": listener.url})
    assert made.status_code == 201, made.text
    assert len(made.json()["secret"]) >= 32
    [listed] = admin.get(HOOKS).json()["items"]
    assert listed == {name: value for name, value in made.json().items() if name != "secret"}
    assert (listed["url"], listed["by_name"]) == (listener.url, "Ana")


def test_a_test_says_whether_it_arrived_and_stands_in_the_list(admin: TestClient, listener: Listener) -> None:
    made = admin.post(HOOKS, json={"url": listener.url}).json()
    found = admin.post(f"{HOOKS}/{made['id']}/test").json()
    assert (found["target"], found["url"], found["error"]) == (made["id"], listener.url, None)
    listener.status = 418
    assert admin.post(f"{HOOKS}/{made['id']}/test").json()["error"] == "127.0.0.1 answered 418."
    page = admin.get("/api/v1/notices", params={"limit": 1}).json()
    [newest] = page["items"]
    assert (newest["kind"], newest["project"], page["total"], page["next_cursor"]) == ("test", None, 2, "2")
    [delivery] = newest["deliveries"]
    assert (delivery["tries"], delivery["next_at"], delivery["delivered_at"]) == (1, None, None)
    [older] = admin.get("/api/v1/notices", params={"cursor": page["next_cursor"]}).json()["items"]
    assert older["deliveries"][0]["delivered_at"].endswith("Z")


def test_a_notice_of_a_project_is_listed_with_its_name_and_times_as_text(
    admin: TestClient, services: Services, paint: Project
) -> None:
    with services.db.begin() as db:
        detail = {"began_at": 1.7e9, "n": 300}
        noticing.tell(db, "promotion", project_id=paint.id, sentence="Version 2 is live.", detail=detail)
    [found] = admin.get("/api/v1/notices").json()["items"]
    assert (found["project"], found["detail"]) == ("paint", {"began_at": "2023-11-14T22:13:20.000Z", "n": 300})


def test_a_removed_webhook_is_gone(admin: TestClient, listener: Listener) -> None:
    made = admin.post(HOOKS, json={"url": listener.url}).json()
    assert admin.delete(f"{HOOKS}/{made['id']}").status_code == 204
    assert admin.delete(f"{HOOKS}/{made['id']}").status_code == 404
    assert admin.post(f"{HOOKS}/{made['id']}/test").status_code == 404
    assert admin.get(HOOKS).json()["items"] == []


@pytest.mark.parametrize("url", ["", "ftp://a.example/", "https://ann:hush@a.example/", "https://a.example/\n", "x"])
def test_what_cannot_be_posted_to_is_a_problem_in_words(admin: TestClient, url: str) -> None:
    answer = admin.post(HOOKS, json={"url": url})
    assert (answer.status_code, "hush" in answer.text, bool(answer.json()["hint"])) == (422, False, True)


def test_the_same_address_twice_is_a_conflict(admin: TestClient, listener: Listener) -> None:
    assert admin.post(HOOKS, json={"url": listener.url}).status_code == 201
    assert admin.post(HOOKS, json={"url": listener.url}).status_code == 409


def test_a_token_without_the_scope_may_not_ask(client: TestClient, token: Callable[..., str]) -> None:
    weak = bearer(token("admin", scopes=("view", "manage")))
    assert [client.get(path, headers=weak).status_code for path in (HOOKS, "/api/v1/notices")] == [403, 403]
