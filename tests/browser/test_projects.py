"""Making projects, and what holds for them: recipes, ZIPs, the confidence floor, members."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests import tiny
from tests.browser.installed import Installation, email
from tests.browser.watching import Watch

OpenPage = Callable[..., Page]


def archive() -> FilePayload:
    """A ZIP of two class folders with three pictures each, and a note that is none."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for colour in ("red", "blue"):
            for seed in range(3):
                file.writestr(f"paint/{colour}/{seed}.jpg", tiny.picture(colour, seed=seed))
        file.writestr("paint/red/notes.txt", "remember the milk")
    return {"name": "paint.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}


def counts(installation: Installation, project: str) -> dict[str, int]:
    """Pictures per tab, as the API says."""
    with installation.client() as client:
        found: dict[str, int] = client.get(f"/api/v1/projects/{project}/counts").json()
    return found


def column(page: Page, name: str) -> dict[str, int]:
    """A column of the table of the confidence floor, by tab."""
    table = page.get_by_role("table").filter(has=page.get_by_role("columnheader", name=name))
    at = ["Now", "Then"].index(name)
    rows: list[Locator] = table.get_by_role("row").filter(has=page.get_by_role("rowheader")).all()
    return {
        row.get_by_role("rowheader").inner_text(): int(row.locator("td.number").nth(at).inner_text()) for row in rows
    }


def test_a_project_from_a_recipe_has_its_classes_and_a_name_made_from_the_title(
    open_page: OpenPage, installation: Installation
) -> None:
    page = open_page("/new", role="maintainer")
    page.get_by_label("Title").fill("Katzen & Hunde, größer!")
    page.get_by_role("radio", name="Cats and dogs").check()
    expect(page.get_by_label("Name")).to_have_value("katzen-hunde-grosser")
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url("**/p/katzen-hunde-grosser/upload")
    with installation.client() as client:
        made = client.get("/api/v1/projects/katzen-hunde-grosser").json()
    assert (made["title"], made["classes"]) == ("Katzen & Hunde, größer!", ["cat", "dog"])


def test_a_taken_name_is_refused_beside_its_field_and_nothing_typed_is_lost(open_page: OpenPage, watch: Watch) -> None:
    watch.allow("status of 409")
    page = open_page("/new", role="maintainer")
    page.get_by_label("Title").fill("Paint")
    page.get_by_role("textbox", name="Classes").fill("ochre, umber")
    page.get_by_role("button", name="Create the project").click()
    expect(page.get_by_label("Name")).to_have_accessible_description("There is a project paint already.")
    expect(page.get_by_label("Title")).to_have_value("Paint")
    page.get_by_label("Name").fill("paint-of-old")
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url("**/p/paint-of-old/upload")


def test_what_a_zip_holds_is_shown_before_anything_is_imported(open_page: OpenPage, installation: Installation) -> None:
    page = open_page("/new?from=zip", role="maintainer")
    page.get_by_label("Title").fill("From a ZIP")
    page.get_by_label("ZIP file").set_input_files(archive())
    page.get_by_role("button", name="Create and look into the ZIP").click()
    expect(page.get_by_role("rowheader", name="red")).to_be_visible()
    expect(page.get_by_text("1 file will be left out")).to_be_visible()
    assert counts(installation, "from-a-zip").get("red", 0) == 0
    page.get_by_role("button", name="Import 6 pictures and add 2 classes").click()
    page.wait_for_url("**/p/from-a-zip")
    assert {tab: n for tab, n in counts(installation, "from-a-zip").items() if n} == {"red": 3, "blue": 3}


def test_the_floor_shows_what_the_tabs_will_hold_and_undo_brings_back_what_they_held(
    open_page: OpenPage, installation: Installation
) -> None:
    project = installation.project(each=4)
    before = counts(installation, project)
    page = open_page(f"/p/{project}/settings", role="maintainer")
    page.get_by_role("slider", name="At least this sure").fill("1")
    expect(page.get_by_text("would move to unknown.")).to_be_visible()
    shown = column(page, "Then")
    assert shown != {tab: before.get(tab, 0) for tab in shown}
    page.get_by_role("button", name="Apply 100 %").click()
    expect(page.get_by_text("Confidence floor set to 100 %")).to_be_visible()
    after = counts(installation, project)
    assert shown == {tab: after.get(tab, 0) for tab in shown}
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back:")).to_be_visible()
    assert counts(installation, project) == before


def test_somebody_who_is_added_sees_the_project_and_may_only_look(
    open_page: OpenPage, installation: Installation
) -> None:
    with installation.client() as client:
        assert client.post("/api/v1/projects", json={"name": "closed-circle"}).status_code == 201
    page = open_page("/p/closed-circle/settings", role="admin")
    page.get_by_label("Add by e-mail").fill(email("viewer"))
    page.get_by_label("As", exact=True).select_option("viewer")
    page.get_by_role("button", name="Add", exact=True).last.click()
    expect(page.get_by_role("combobox", name="Role of Vito")).to_have_value("viewer")
    theirs = open_page("/", role="viewer")
    theirs.get_by_role("link", name="closed-circle").click()
    theirs.get_by_role("link", name="Settings").click()
    apply = theirs.get_by_role("button", name="Apply")
    expect(apply).to_have_accessible_description("This needs the role maintainer; yours is viewer.")
    expect(theirs.get_by_role("combobox", name="Role of Vito")).to_have_count(0)
