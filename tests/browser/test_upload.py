"""Pictures in: a folder with its outcomes, failures on the way, a reload, a session that ends, a ZIP with labels."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests import tiny
from tests.browser.installed import Installation, email, fill
from tests.browser.watching import Watch, axe
from tests.web.people import PASSWORD

OpenPage = Callable[..., Page]
MINUTE = 60_000  # milliseconds
PICTURES = "**/api/v1/projects/*/images"
COLOURS = list(tiny.COLOURS)
NUMBERS = itertools.count(1)


@pytest.fixture
def project(installation: Installation) -> str:
    """A project of its own with a model and without pictures."""
    name = f"shore-{next(NUMBERS)}"
    fill(installation.services, name)
    return name


def folder(place: Path, count: int, *, seed: int = 1000) -> Path:
    """A folder of different small pictures."""
    place.mkdir()
    for number in range(count):
        colour = COLOURS[number % len(COLOURS)]
        (place / f"{number:04}-{colour}.jpg").write_bytes(tiny.picture(colour, seed=seed + number))
    return place


def choose(page: Page, place: Path) -> None:
    """Give the page a folder as its dialogue does."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(place)


def stored(installation: Installation, project: str) -> int:
    """How many pictures the project has."""
    with installation.client() as client:
        counts = client.get(f"/api/v1/projects/{project}").json()["counts"]
    return sum(number for tab, number in counts.items() if tab != "trash")


def test_every_file_of_a_folder_has_one_outcome_and_they_add_up(
    open_page: OpenPage, installation: Installation, project: str, tmp_path: Path
) -> None:
    place = folder(tmp_path / "shore", 28)
    (place / "copy.jpg").write_bytes((place / "0000-red.jpg").read_bytes())
    (place / "<img src=x onerror=alert(1)>.jpg").write_bytes(b"\xff\xd8\xff and nothing more")
    page = open_page(f"/p/{project}/upload", role="reviewer")
    choose(page, place)
    expect(page.get_by_role("heading", name="29 of 30 files are here")).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("28 stored + 1 duplicate + 1 failed = 30")).to_be_visible()
    assert stored(installation, project) == 28
    expect(page.get_by_role("link", name="red 10")).to_be_visible()
    page.get_by_role("button", name="Failed 1").click()
    row = page.get_by_role("listitem").filter(has_text="<img src=x onerror=alert(1)>.jpg")
    expect(row).to_contain_text("the JPEG has no picture in it")
    assert axe(page) == []


def test_five_hundred_files_arrive_once_each_although_requests_fail_in_between(
    open_page: OpenPage, installation: Installation, project: str, tmp_path: Path, watch: Watch
) -> None:
    watch.allow("Failed to load resource")
    page = open_page(f"/p/{project}/upload", role="reviewer")
    disturbed = disturb(page)
    choose(page, folder(tmp_path / "many", 500))
    expect(page.get_by_text("500 stored + 0 duplicates + 0 failed = 500")).to_be_visible(timeout=3 * MINUTE)
    assert set(disturbed.values()) == {"before", "by", "after", "never"}
    assert stored(installation, project) == 500
    assert page.locator("li").count() < 100


def test_an_upload_goes_on_where_a_reload_stopped_it(
    open_page: OpenPage, installation: Installation, project: str, tmp_path: Path
) -> None:
    page = open_page(f"/p/{project}/upload", role="reviewer")
    held = hold(page, after=2)
    choose(page, folder(tmp_path / "shore", 90))
    expect(page.get_by_text("You may close this tab")).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("32 stored")).to_be_visible()
    assert stored(installation, project) == 32
    held.clear()
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    expect(page.get_by_text("An upload was interrupted")).to_be_visible()
    expect(page.get_by_text("90 stored + 0 duplicates + 0 failed = 90")).to_be_visible(timeout=MINUTE)
    assert stored(installation, project) == 90


def test_an_upload_outlives_its_session(
    open_page: OpenPage, installation: Installation, project: str, tmp_path: Path
) -> None:
    page = open_page(f"/p/{project}/upload", role="reviewer")
    held = hold(page, after=2)
    choose(page, folder(tmp_path / "shore", 90))
    expect(page.get_by_text("32 stored")).to_be_visible(timeout=MINUTE)
    page.context.clear_cookies()
    for route in held:
        route.continue_()
    page.unroute_all(behavior="ignoreErrors")
    dialog = page.get_by_role("dialog", name="Please sign in again")
    dialog.get_by_label("E-mail").fill(email("reviewer"))
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("90 stored + 0 duplicates + 0 failed = 90")).to_be_visible(timeout=MINUTE)
    assert stored(installation, project) == 90


def test_a_zip_says_what_it_would_do_and_asks_before_it_brings_new_classes(
    open_page: OpenPage, installation: Installation, project: str, tmp_path: Path
) -> None:
    place = tmp_path / "labelled.zip"
    place.write_bytes(archive({"red": 3, "violet": 2}))
    page = open_page(f"/p/{project}/upload", role="maintainer")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(place)
    expect(page.get_by_text("5 pictures in one folder per class")).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("1 file will be left out")).to_be_visible()
    begin = page.get_by_role("button", name="Import 5 pictures")
    expect(begin).to_have_attribute("aria-disabled", "true")
    assert stored(installation, project) == 0
    page.get_by_label("Add 1 new class to this project").check()
    begin.click()
    expect(page.get_by_text("5 stored + 0 duplicates + 0 failed = 5")).to_be_visible(timeout=MINUTE)
    assert stored(installation, project) == 5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
def test_axe_finds_nothing_on_the_empty_upload_page(open_page: OpenPage, project: str, theme: str, phone: bool) -> None:
    page = open_page(f"/p/{project}/upload", role="reviewer", theme=theme, phone=phone)
    expect(page.get_by_role("heading", name="Nothing lost")).to_be_visible()
    expect(page.get_by_role("button", name="Take or choose pictures" if phone else "Choose files")).to_be_visible()
    assert axe(page) == []


def disturb(page: Page) -> dict[str, str]:
    """Break the first try of most requests with pictures: before the server, by it, or after it has stored them."""
    session = page.context.new_cdp_session(page)
    fates: dict[str, str] = {}
    broken: set[str] = set()

    def decide(event: Any) -> None:
        request, answered = event["request"], "responseStatusCode" in event
        key = {name.lower(): value for name, value in request["headers"].items()}.get("idempotency-key", "")
        fate = fates.setdefault(key, ("before", "by", "after", "never")[len(fates) % 4]) if key else "never"
        what: dict[str, Any] = {"requestId": event["requestId"]}
        if key in broken or fate == "never" or (fate == "after") != answered:
            session.send("Fetch.continueRequest", what)
            return
        broken.add(key)
        if fate == "by":
            session.send("Fetch.fulfillRequest", {**what, "responseCode": 503})
        else:
            session.send("Fetch.failRequest", {**what, "errorReason": "ConnectionReset"})

    session.on("Fetch.requestPaused", decide)
    stages = [{"urlPattern": "*/images", "requestStage": stage} for stage in ("Request", "Response")]
    session.send("Fetch.enable", {"patterns": stages})
    return fates


def hold(page: Page, *, after: int) -> list[Route]:
    """Let the first requests with pictures through and keep the others waiting."""
    held: list[Route] = []
    passed: list[str] = []

    def decide(route: Route) -> None:
        if route.request.method != "POST" or len(passed) < after:
            passed.append(route.request.url)
            route.continue_()
        else:
            held.append(route)

    page.route(PICTURES, decide)
    return held


def archive(classes: dict[str, int]) -> bytes:
    """A ZIP with one folder per class, and a text among them."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as found:
        found.writestr("set/notes.txt", "not a picture")
        for seed, (name, count) in enumerate(classes.items()):
            for number in range(count):
                found.writestr(f"set/{name}/{number}.jpg", tiny.picture("red", seed=5000 + 100 * seed + number))
    return data.getvalue()
