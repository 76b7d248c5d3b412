"""The trash: pictures come back as they were, and end only after their count was typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.installed import Installation
from tests.browser.watching import axe

OpenPage = Callable[..., Page]


@pytest.fixture
def name(installation: Installation) -> str:
    """A project of its own with nine pictures."""
    return installation.project(each=3)


def throw_away(installation: Installation, name: str, *, search: str) -> int:
    """Put pictures into the trash; returns how many."""
    with installation.client() as admin:
        asked = {"action": "trash", "filters": {"search": search}}
        report = admin.post(f"/api/v1/projects/{name}/images/bulk", json=asked).json()
    return int(report["changed"])


def test_what_is_thrown_away_together_comes_back_together_and_can_be_thrown_away_again(
    open_page: OpenPage, name: str
) -> None:
    page = open_page(f"/p/{name}?tab=red", role="reviewer")
    expect(page.get_by_role("listitem").locator("a[data-index]")).to_have_count(3)
    page.keyboard.press("Control+a")
    page.get_by_role("toolbar").get_by_role("button", name="Trash").click()
    page.get_by_role("dialog").get_by_role("button", name="Move 3 pictures").click()
    expect(page.get_by_role("heading", name="Empty")).to_be_visible()
    page.get_by_role("link", name="Trash (3)").click()
    expect(page.get_by_role("heading", name="Trash", exact=True)).to_be_visible()
    expect(page.get_by_text("Gone in 30 days").first).to_be_visible()
    page.get_by_role("button", name="Restore red-0.jpg").click()
    expect(page.get_by_test_id("grid").locator("img")).to_have_count(2)
    page.get_by_role("button", name="Restore all").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore 2 pictures").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_test_id("grid").locator("img")).to_have_count(2)


def test_pictures_end_for_good_only_after_their_count_was_typed(
    open_page: OpenPage, name: str, installation: Installation
) -> None:
    assert throw_away(installation, name, search="blue") == 3
    page = open_page(f"/p/{name}/trash", role="maintainer")
    page.get_by_role("button", name="Empty the trash").click()
    end = page.get_by_role("dialog").get_by_role("button", name="Delete 3 pictures for good")
    expect(end).to_have_attribute("aria-disabled", "true")
    page.get_by_role("dialog").get_by_role("textbox").fill("2")
    expect(end).to_have_attribute("aria-disabled", "true")
    page.get_by_role("dialog").get_by_role("textbox").fill("3")
    end.click()
    expect(page.get_by_text("3 pictures deleted for good")).to_be_visible()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    with installation.client() as admin:
        assert sum(admin.get(f"/api/v1/projects/{name}/counts").json().values()) == 6


def test_a_reviewer_may_bring_back_but_not_end(open_page: OpenPage, name: str, installation: Installation) -> None:
    throw_away(installation, name, search="green-0")
    page = open_page(f"/p/{name}/trash", role="reviewer")
    expect(page.get_by_role("button", name="Restore all")).to_be_enabled()
    expect(page.get_by_role("button", name="Empty the trash")).to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_trash(open_page: OpenPage, name: str, installation: Installation, theme: str) -> None:
    throw_away(installation, name, search="-0")
    page = open_page(f"/p/{name}/trash", role="maintainer", theme=theme)
    page.get_by_role("checkbox", name="Choose red-0.jpg").click()
    expect(page.get_by_text("1 picture chosen")).to_be_visible()
    assert axe(page) == []
