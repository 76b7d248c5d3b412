"""What every page has around it: dialogs, the keyboard's place, and a server that went away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.installed import Installation
from tests.browser.watching import Watch

OpenPage = Callable[..., Page]


@pytest.fixture
def name(installation: Installation) -> str:
    return installation.project(each=2)


def test_the_keyboard_is_back_where_a_dialog_was_opened(open_page: OpenPage) -> None:
    page = open_page("/account", role="reviewer")
    opener = page.get_by_role("button", name="New token")
    opener.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("textbox").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_enter_does_what_a_question_asks_and_nothing_where_it_costs(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}", role="reviewer")
    expect(page.get_by_role("link", name=".jpg").first).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="Label 6 pictures")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("6 of 6 pictures verified")).to_be_visible()


def test_escape_does_not_get_past_signing_in_again(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}", role="reviewer")
    expect(page.get_by_role("link", name=".jpg").first).to_be_visible()
    page.context.clear_cookies()
    page.get_by_role("link", name="Insights").first.click()
    dialog = page.get_by_role("dialog", name="Please sign in again")
    expect(dialog.get_by_label("Password")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Escape")
    expect(dialog).to_be_visible()


def test_a_page_that_cannot_be_fetched_leaves_the_navigation_and_comes_with_the_server(
    open_page: OpenPage, name: str, watch: Watch
) -> None:
    watch.allow("ERR_FAILED")
    page = open_page(f"/p/{name}", role="reviewer")
    expect(page.get_by_role("link", name=".jpg").first).to_be_visible()
    page.route("**/assets/Insights*", lambda route: route.abort())
    page.get_by_role("link", name="Insights").first.click()
    expect(page.get_by_role("heading", name="This page cannot be shown")).to_be_visible()
    page.get_by_role("link", name="Library").first.click()
    expect(page.get_by_role("link", name=".jpg").first).to_be_visible()
    page.get_by_role("link", name="Insights").first.click()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Insights", level=1)).to_be_visible()


def test_only_the_newest_message_offers_to_take_something_back(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}", role="reviewer")
    messages = page.get_by_role("region", name="Messages")
    page.get_by_role("link", name=".jpg").first.focus()
    for left in (5, 4):
        page.keyboard.press("x")
        expect(page.get_by_role("tab", name=f"All {left}")).to_be_visible()
        expect(messages.get_by_text("moved to the trash")).to_have_count(1)
    messages.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("tab", name="All 5")).to_be_visible()
    expect(messages.get_by_role("button", name="Undo")).to_have_count(0)
