"""Models: a training from the page to its version, a comparison, and who answers from then on."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from sightloop.core.ids import new_id
from sightloop.flows import registry
from sightloop.flows.access import OPERATOR, project_for
from tests import tiny
from tests.browser.installed import Installation
from tests.browser.watching import Watch

OpenPage = Callable[..., Page]
TRAINED = 180_000  # milliseconds


def labelled(installation: Installation, *, each: int, model: bool) -> str:
    """A project whose every picture is labelled with its colour."""
    name = installation.project(each=each, model=model)
    root = f"/api/v1/projects/{name}/images"
    with installation.client() as admin:
        found = admin.get(f"{root}?limit=500").json()["items"]
        for colour in tiny.COLOURS:
            mine = [one["id"] for one in found if one["name"].startswith(colour)]
            assert admin.post(f"{root}/bulk", json={"action": "label", "value": colour, "image_ids": mine}).is_success
    return name


def add_version(installation: Installation, name: str, *, classes: tuple[str, ...]) -> None:
    """A version that knows only `classes`, beside the live one."""
    services = installation.services
    packed = services.blobs.incoming / new_id()
    bundle = tiny.packed(services.data / "tmp" / new_id(), packed, classes)
    services.blobs.adopt(packed, bundle)
    project = project_for(services, user=OPERATOR, name=name, action="view")
    with services.db.begin() as db:
        registry.enlist(
            db, project, bundle=bundle, family="linear", params={}, metrics={}, snapshot_id=None, by=OPERATOR.id
        )


@pytest.fixture
def pair(installation: Installation) -> str:
    """A project with a live version that is always right and a second one that has never heard of blue."""
    name = labelled(installation, each=30, model=True)
    add_version(installation, name, classes=("red", "green"))
    return name


def test_a_training_started_from_the_page_survives_a_reload_and_ends_with_a_live_version(
    open_page: OpenPage, installation: Installation
) -> None:
    page = open_page(f"/p/{labelled(installation, each=14, model=False)}/train", role="maintainer")
    start = page.get_by_role("button", name="Start training")
    expect(start).to_have_attribute("title", re.compile("Choose what it begins from"))
    page.get_by_role("radio", name="Quick (linear)").check()
    page.get_by_role("radio", name="From scratch").check()
    page.get_by_text("Advanced: all parameters").click()
    page.get_by_role("textbox", name="backbone").fill("test_resnet")
    page.get_by_role("textbox", name="input_size").fill("8")
    expect(start).to_have_attribute("title", "Put right first: input_size.")
    page.get_by_role("textbox", name="input_size").fill("32")
    start.click()
    expect(page.get_by_role("heading", name="Training · linear")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Training · linear")).to_be_visible()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible(timeout=TRAINED)
    expect(page.get_by_label("State").get_by_text("all 5 steps done")).to_be_visible()
    page.get_by_role("link", name="Open version 1").click()
    expect(page.get_by_role("main").get_by_text("live", exact=True)).to_be_visible()
    expect(page.get_by_text("resnet", exact=False).first).to_be_visible()


def test_a_zip_on_the_train_page_joins_the_project_and_a_reload_still_tells_of_it(
    open_page: OpenPage, installation: Installation, tmp_path: Path
) -> None:
    name = labelled(installation, each=2, model=False)
    place = tmp_path / "more.zip"
    with zipfile.ZipFile(place, "w") as file:
        for seed in range(3):
            file.writestr(f"violet/{seed}.jpg", tiny.picture("red", seed=7000 + seed))
    page = open_page(f"/p/{name}/train", role="maintainer")
    page.get_by_label("ZIP file").set_input_files(place)
    begin = page.get_by_role("button", name="Import 3 pictures and add 1 class")
    expect(begin).to_have_attribute("title", re.compile("Agree to the new classes"))
    page.get_by_label("Add 1 new class to this project").check()
    begin.click()
    expect(page.get_by_text("3 stored + 0 duplicates + 0 failed = 3")).to_be_visible(timeout=TRAINED)
    expect(page.get_by_role("row", name=re.compile("^violet"))).to_be_visible()
    page.reload()
    expect(page.get_by_text("3 stored + 0 duplicates + 0 failed = 3")).to_be_visible()
    page.get_by_role("button", name="Another ZIP").click()
    expect(page.get_by_label("ZIP file")).to_be_visible()


def test_a_file_that_is_no_zip_is_refused_by_the_name_that_its_person_knows(
    open_page: OpenPage, installation: Installation, watch: Watch
) -> None:
    watch.allow("status of 422")
    page = open_page(f"/p/{labelled(installation, each=1, model=False)}/train", role="reviewer")
    wrong: FilePayload = {"name": "notes.zip", "mimeType": "application/zip", "buffer": b"remember the milk"}
    page.get_by_label("ZIP file").set_input_files(wrong)
    expect(page.get_by_role("alert")).to_contain_text("notes.zip")
    expect(page.get_by_label("ZIP file")).to_be_enabled()


def test_a_comparison_names_the_pictures_that_only_one_version_gets_right(open_page: OpenPage, pair: str) -> None:
    page = open_page(f"/p/{pair}/models", role="maintainer")
    page.get_by_role("link", name="Compare version 2 with live").click()
    expect(page.get_by_role("heading", name="Version 1 and Version 2")).to_be_visible()
    page.get_by_role("button", name="Evaluate both on the test side").click()
    page.get_by_role("link", name="evaluation 2").click()
    expect(page.get_by_label("State").get_by_text("judge: done")).to_be_visible(timeout=60_000)
    page.go_back()
    expect(page.get_by_text("version 2 minus version 1, picture by picture")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile(r"Broken \([1-9]"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^blue-")).first).to_be_visible()


def test_promoting_asks_why_is_rolled_back_and_undone_and_the_log_keeps_it_all(open_page: OpenPage, pair: str) -> None:
    page = open_page(f"/p/{pair}/models", role="maintainer")
    page.get_by_role("button", name="Promote version 2").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Promote version 2")).to_have_attribute("title", re.compile("Say why"))
    dialog.get_by_label("Why").fill("We no longer sort blue things")
    dialog.get_by_role("button", name="Promote version 2").click()
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()
    page.get_by_role("button", name="Roll back to version 1").click()
    dialog.get_by_label("Why").fill("We do")
    dialog.get_by_role("button", name="Roll back to version 1").click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    log = page.get_by_role("region", name="Log", exact=True)
    expect(log.get_by_role("row", name="you rolled back version 2 → version 1 We do")).to_be_visible()
    expect(
        log.get_by_role("row", name="you forced version 1 → version 2 We no longer sort blue things")
    ).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_have_count(1)  # the message before it has faded
    undo.click()
    expect(page.get_by_role("heading", name="Version 2", exact=True)).to_be_visible()
    expect(log.get_by_role("row", name="taken back: version 1 is live again")).to_be_visible()


def test_nothing_is_promoted_while_the_gate_cannot_be_asked(open_page: OpenPage, pair: str, watch: Watch) -> None:
    watch.allow("status of 503")
    page = open_page(f"/p/{pair}/models", role="maintainer")
    problem = {"title": "Unavailable", "status": 503, "detail": "the database is away"}
    page.route("**/models/2/gate", lambda route: route.fulfill(status=503, json=problem))
    page.get_by_role("button", name="Promote version 2").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("We are in a hurry")
    promote = dialog.get_by_role("button", name="Promote version 2")
    expect(promote).to_have_attribute("title", "The gate could not be asked.")
    expect(dialog.get_by_role("alert")).to_contain_text("the database is away")
    page.unroute("**/models/2/gate")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    promote.click()
    expect(page.get_by_role("heading", name="Version 2", exact=True)).to_be_visible()


def test_a_project_without_labels_says_what_a_first_training_needs(
    open_page: OpenPage, installation: Installation
) -> None:
    name = installation.project(each=1, model=False)
    page = open_page(f"/p/{name}/models", role="maintainer")
    expect(page.get_by_role("heading", name="No model yet")).to_be_visible()
    expect(page.get_by_role("button", name="Train")).to_have_attribute("title", re.compile("2 classes .* none has any"))
    expect(page.get_by_text("No version yet.")).to_be_visible()


def test_a_reviewer_is_told_why_promoting_is_not_theirs(open_page: OpenPage, pair: str) -> None:
    page = open_page(f"/p/{pair}/models", role="reviewer")
    button = page.get_by_role("button", name="Promote version 2")
    expect(button).to_have_attribute("title", "This needs the role maintainer; yours is reviewer.")
    button.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
