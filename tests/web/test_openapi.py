"""The API as its own document describes it: closed to strangers, and junk is refused in words, never with a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sightloop import wiring
from sightloop.flows import projects, registry
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.web.app import create_app
from sightloop.web.guard import PUBLIC
from tests import tiny
from tests.web.people import register, sign_in

ENDS_THE_TEST = {("post", "/api/v1/auth/logout"), ("post", "/api/logout")}
SLOW = "/api/v1/projects/{project}/trainings/plan"  # starts a process where the project is there
HUGE = [2**31, 2**63, -(2**63) - 1, 10**30, 1e308, -1e308]
NASTY = ["", "\x00", "a\x00b", "../../etc/passwd", "%00", "𝕏" * 300, "null", "1e999", "-1", "\u202e", "x" * 5000]
WORDS = st.one_of(st.sampled_from(NASTY), st.text(max_size=20))
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from([*HUGE, "\ud800"]), WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the document has it."""

    method: str
    path: str
    query: tuple[str, ...]
    fields: dict[str, Any] | None  # of a JSON body; None where the body is something else or there is none


@dataclass(frozen=True)
class Api:
    """The application with a project, a model and a picture, seen by its administrator."""

    client: TestClient
    operations: tuple[Operation, ...]
    image_id: str


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Api]:
    settings = Settings(data=tmp_path / "data", database_url=database_url, workers=1, max_upload_bytes=1 << 20)
    services = wiring.build(settings)
    model_put_live(services, tmp_path)
    with TestClient(create_app(services, settings), headers={"X-Sightloop": "1"}) as client:
        register(client, "ana@example.org")
        sign_in(client, "ana@example.org")
        sent = client.post("/api/v1/projects/paint/images", files={"files": ("a.jpg", tiny.picture("red"))})
        document = client.get("/openapi.json").json()
        yield Api(client, tuple(operations(document)), sent.json()["files"][0]["image"]["id"])
    services.close()


def model_put_live(services: Services, folder: Path) -> None:
    """Make the project "paint" with a complete bundle as its live version."""
    project = projects.create(services, user=OPERATOR, name="paint", classes=tuple(tiny.COLOURS))
    packed = services.blobs.incoming / "tiny.bundle"
    bundle = tiny.packed(folder / "bundle", packed)
    services.blobs.adopt(packed, bundle)
    with services.db.begin() as db:
        registry.enlist(
            db, project, bundle=bundle, family="linear", params={}, metrics={}, snapshot_id=None, by=OPERATOR.id
        )


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Every operation that the document describes."""
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            query = tuple(one["name"] for one in said.get("parameters", ()) if one["in"] == "query")
            schema = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            yield Operation(method, path, query, schema and properties(schema, document))


def properties(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The fields of a JSON body, behind references and alternatives."""
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"].get(name, {}).get("properties", {})
    return found


def value_for(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """A value of the right kind as often as one of any other."""
    kinds = {one.get("type") for one in [schema, *schema.get("anyOf", ())]}
    fits: list[st.SearchStrategy[Any]] = [st.sampled_from(schema["enum"])] if "enum" in schema else []
    if "string" in kinds:
        fits.append(WORDS | st.sampled_from(["red", "paint", "champion", "label", "transfer"]))
    if kinds & {"integer", "number"}:
        fits.append(st.integers() | st.sampled_from(HUGE))
    if "array" in kinds:
        fits.append(st.lists(WORDS, max_size=3))
    if "object" in kinds:
        fits.append(st.dictionaries(WORDS, JUNK, max_size=3))
    return st.one_of(*fits, JUNK) if fits else JUNK


def body_for(operation: Operation, draw: st.DataObject) -> dict[str, Any]:
    """The body of a request: its own fields, any JSON, or bytes that are neither JSON nor a form."""
    if operation.fields is not None and draw.draw(st.booleans() | st.just(True)):
        fields = {name: value_for(schema) for name, schema in operation.fields.items()}
        made = draw.draw(st.fixed_dictionaries({}, optional=fields))
        return {"content": json.dumps(made).encode(), "headers": {"content-type": "application/json"}}
    kind = draw.draw(st.sampled_from(["application/json", "application/zip", "multipart/form-data; boundary=x", ""]))
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    junk = draw.draw(st.binary(max_size=64))
    made = draw.draw(
        st.sampled_from([junk, part + junk, part + junk + b"\r\n--x--\r\n", json.dumps(junk.hex()).encode()])
    )
    return {"content": made, "headers": {"content-type": kind}}


def url_for(operation: Operation, api: Api, draw: st.DataObject) -> str:
    """The path with something in each of its places, and some of its query."""
    known = {"{project}": "paint", "{image_id}": api.image_id, "{ref}": "1", "{plot}": "roc"}
    parts = []
    for part in operation.path.split("/"):
        there = part in known and operation.path != SLOW and draw.draw(st.integers(0, 3)) > 0
        word = st.just(known[part]) if there else WORDS
        parts.append(quote(draw.draw(word), safe="") if part.startswith("{") else part)
    values = st.one_of(WORDS, st.integers().map(str), st.sampled_from([str(one) for one in HUGE]))
    asked = draw.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(operation.query, values)))
    return "/".join(parts) + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())


def test_every_documented_operation_is_closed_to_strangers_unless_it_is_public(api: Api) -> None:
    api.client.cookies.clear()
    for one in api.operations:
        status = api.client.request(one.method.upper(), one.path.replace("{", "").replace("}", "")).status_code
        assert (status == 401) == (one.path not in PUBLIC), one


@hypothesis_settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_junk_is_refused_in_words(api: Api, draw: st.DataObject) -> None:
    closed = [one for one in api.operations if (one.method, one.path) not in ENDS_THE_TEST]
    operation = draw.draw(st.sampled_from(closed))
    answer = api.client.request(operation.method.upper(), url_for(operation, api, draw), **body_for(operation, draw))
    assert answer.status_code != 500, answer.request.url
    assert answer.status_code < 500 or "retry-after" in answer.headers
    if answer.status_code >= 400 and answer.request.url.path.startswith("/api/"):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
