"""The web app at its own paths, its files, and what stays closed, unknown or missing beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.web.app import create_app
from sightloop.web.pages import BUILT, Page
from sightloop.web.plain import first_part
from tests.conftest import ROOT
from tests.web.people import bearer

INDEX = '<!doctype html><title>Sightloop</title><script type="module" src="/assets/index-a1b2c3.js"></script>'
SCRIPT = "console.log('sightloop');\n" * 100


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder of a small built web app."""
    folder = tmp_path / "app"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-a1b2c3.js").write_text(SCRIPT)
    return folder


@pytest.fixture
def stranger(services: Services, settings: Settings, built: Path) -> TestClient:
    """A browser that nobody is signed in with."""
    return TestClient(create_app(services, settings, built=built))


@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/projects/paint", "/projects/a.b/images/1", "/nothing/here", "/Api", f"/{'x' * 300}", "/%00"],
)
def test_every_path_that_nobody_else_has_shows_the_app_to_a_stranger(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.text) == (200, INDEX)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/api", "/api/v1/nothing", "//api/v1/projects", "/%61pi/v1/projects", "/metrics/x"])
def test_a_path_whose_first_part_is_taken_stays_closed_to_strangers(stranger: TestClient, path: str) -> None:
    assert stranger.get(f"http://testserver{path}").status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_of_the_api_is_a_problem_and_not_a_page(
    stranger: TestClient, token: Callable[..., str], method: str
) -> None:
    answer = stranger.request(method, "/api/v1/nothing", headers=bearer(token("admin")))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_page_is_only_for_reading(stranger: TestClient, token: Callable[..., str]) -> None:
    assert stranger.post("/login").status_code == 401
    assert stranger.post("/login", headers=bearer(token("admin"))).status_code == 405
    assert stranger.head("/login").status_code == 200


def test_a_file_beside_the_index_is_served_as_what_it_is(stranger: TestClient) -> None:
    answer = stranger.get("/favicon.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text == "<svg/>"


def test_an_asset_is_kept_for_ever_and_travels_compressed(stranger: TestClient) -> None:
    answer = stranger.get("/assets/index-a1b2c3.js")
    assert answer.text == SCRIPT
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/assets/gone.js", "/assets/", "/assets/../index.html", "/assets/%2e%2e/index.html"])
def test_an_asset_that_is_not_there_is_missing_and_never_a_page(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code in (200, 404)
    assert (answer.status_code == 200) == (answer.request.url.path == "/index.html")
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_an_installation_without_the_built_app_says_so(services: Services, settings: Settings, tmp_path: Path) -> None:
    client = TestClient(create_app(services, settings, built=tmp_path / "nothing"))
    answer = client.get("/projects/paint")
    assert answer.status_code == 503
    assert "make ui" in answer.text
    assert client.get("/assets/index.js").status_code == 404


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_pages_load_nothing_from_elsewhere_and_nothing_inline(client: TestClient, path: str) -> None:
    text = client.get(path).text
    assert "http://" not in text
    assert "https://" not in text
    assert "<style" not in text
    assert "style=" not in text
    assert "<script>" not in text


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_every_file_that_the_pages_name_is_there(client: TestClient, path: str) -> None:
    named = re.findall(r'<(?:link|script)[^>]*(?:href|src)="([^"]+)"', client.get(path).text)
    assert named
    assert [one for one in named if client.get(one).status_code != 200] == []


def test_no_page_of_the_app_stands_where_the_server_has_something(app: FastAPI) -> None:
    text = (ROOT / "ui" / "src" / "app" / "routes.ts").read_text(encoding="utf-8")
    patterns = re.findall(r"pattern: '([^']+)'", text)
    taken = {first_part(getattr(route, "path", "")) for route in app.routes if not isinstance(route, Page)} - {""}
    assert patterns
    assert [one for one in patterns if first_part(one) in taken] == []


def test_the_built_app_is_where_the_wheel_carries_it() -> None:
    assert BUILT.parts[-4:] == ("sightloop", "web", "static", "app")
