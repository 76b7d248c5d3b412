"""The pages around a picture in a project of masks: library, review, report and retraining, by mouse and by keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests import tiny_masks
from tests.browser.installed import Installation
from tests.browser.marked import Marked, marked

OpenPage = Callable[..., Page]
COUNT = 4
ENOUGH = 10


@pytest.fixture
def project(installation: Installation, tmp_path: Path) -> Marked:
    return marked(installation, tmp_path, count=COUNT)


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("tab", name=name)


def card(page: Page, number: int) -> Locator:
    return page.get_by_role("listitem").filter(has_text=f"{number}.png")


def test_a_card_shows_the_mask_and_every_word_about_it_is_taken_back(open_page: OpenPage, project: Marked) -> None:
    page = open_page(project.root, role="reviewer")
    expect(card(page, 0).locator("canvas[data-marked]")).to_be_visible()
    expect(card(page, COUNT - 1).locator("canvas")).to_have_count(0)
    expect(tab(page, "Nothing found 1")).to_be_visible()
    card(page, 0).get_by_role("button", name="Nothing in 0.png").click()
    expect(tab(page, "Nothing found 2")).to_be_visible()
    expect(card(page, 0).get_by_text("★")).to_be_visible()
    card(page, 1).get_by_role("link").first.focus()
    page.keyboard.press("Enter")
    expect(card(page, 1).get_by_text("✓")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(card(page, 1).get_by_text("✓")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(tab(page, "Nothing found 1")).to_be_visible()


def test_masks_drawn_before_come_back_when_a_bulk_nothing_is_undone(open_page: OpenPage, project: Marked) -> None:
    project.draw(0, seed=1)
    page = open_page(project.root, role="reviewer")
    expect(card(page, 0).get_by_text("★")).to_be_visible()
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Nothing here").click()
    page.get_by_role("button", name=f"Nothing in {COUNT} pictures").click()
    expect(tab(page, f"Nothing found {COUNT}")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(tab(page, "crack 3")).to_be_visible()
    with project.installation.client() as ada:
        address = f"/api/v1/images/{project.images[0]}"
        assert ada.get(address).json()["label"] == "crack"
        assert ada.get(f"{address}/mask", params={"source": "human"}).status_code == 200
        assert ada.get(f"/api/v1/images/{project.images[1]}").json()["label"] is None


def test_an_upload_shows_its_masks_and_asks_whether_they_are_right(open_page: OpenPage, project: Marked) -> None:
    page = open_page(f"{project.root}/upload", role="reviewer")
    files: list[FilePayload] = [
        {"name": f"new-{n}.png", "mimeType": "image/png", "buffer": tiny_masks.picture(20 + n)} for n in range(2)
    ]
    page.locator("input[type=file]").first.set_input_files(files)
    asked = page.get_by_role("region", name="Satisfied?")
    expect(asked.locator("canvas[data-marked]")).to_have_count(2)
    asked.get_by_role("group", name="Satisfied with new-0.png?").get_by_role("button", name="Yes").click()
    expect(asked.get_by_text("accepted")).to_be_visible()
    asked.get_by_role("group", name="Satisfied with new-1.png?").get_by_role("button", name="No, fix it").click()
    expect(page).to_have_url(re.compile(f"{project.root}/images/[^/]+edit=true$"))
    expect(page.get_by_role("region", name="Mask editor")).to_be_visible()


def test_review_accepts_denies_and_shows_where_person_and_model_differ(open_page: OpenPage, project: Marked) -> None:
    project.draw(0, seed=1)
    page = open_page(f"{project.root}/review", role="reviewer")
    expect(page.get_by_text(f"1 of {COUNT} verified")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"2 of {COUNT} verified")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_text(f"3 of {COUNT} verified")).to_be_visible()
    page.get_by_role("button", name="At odds").click()
    expect(page.get_by_role("list", name="Colours")).to_contain_text("only the person marked")
    page.get_by_role("button", name="Take the person’s mask back").click()
    expect(page.get_by_text(f"2 of {COUNT} verified")).to_be_visible()


def test_the_report_follows_the_filters_and_is_saved_as_a_table(open_page: OpenPage, project: Marked) -> None:
    page = open_page(f"{project.root}?search=1.png", role="viewer")
    page.get_by_role("link", name="Report").click()
    expect(page.get_by_text("Name contains “1.png”")).to_be_visible()
    rows = page.get_by_role("table").last.get_by_role("row")
    expect(rows).to_have_count(2)
    with page.expect_download() as found:
        page.get_by_role("link", name="CSV").click()
    lines = found.value.path().read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["name", "1.png"]


def test_the_tenth_corrected_mask_enables_retraining(
    open_page: OpenPage, installation: Installation, tmp_path: Path
) -> None:
    project = marked(installation, tmp_path, count=ENOUGH + 1)
    for number in range(ENOUGH - 1):
        project.draw(number, seed=number + 100)
    page = open_page(project.root, role="maintainer")
    learning = page.get_by_role("group", name="Retraining")
    expect(learning).to_contain_text(f"{ENOUGH - 1} of {ENOUGH} corrected masks")
    button = learning.get_by_role("button", name="Retrain")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", "9 of 10 corrected masks since version 1 learnt: 1 more are wanted.")
    card(page, ENOUGH - 1).get_by_role("button", name=f"Nothing in {ENOUGH - 1}.png").click()
    expect(learning).to_contain_text(f"{ENOUGH} of {ENOUGH} corrected masks")
    expect(button).not_to_have_attribute("aria-disabled", "true")
