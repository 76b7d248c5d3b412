"""The review queue with keys alone: one key per decision."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.installed import Installation

OpenPage = Callable[..., Page]
EACH = 4


@pytest.fixture
def name(installation: Installation) -> str:
    return installation.project(each=EACH)


def shown(page: Page) -> str:
    """The name of the picture to decide about."""
    return page.get_by_role("article").get_by_role("img").get_attribute("alt") or ""


def remaining(page: Page, n: int) -> None:
    expect(page.get_by_text(re.compile(f"{3 * EACH - n} of {3 * EACH} verified · {n} remaining"))).to_be_visible()


def test_every_key_decides_leaves_and_can_be_taken_back(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}/review", role="reviewer")
    remaining(page, 3 * EACH)
    first = shown(page)
    page.keyboard.press("Enter")
    remaining(page, 3 * EACH - 1)
    second = shown(page)
    page.keyboard.press("2")
    remaining(page, 3 * EACH - 2)
    third = shown(page)
    page.keyboard.press("s")
    expect(page.get_by_role("article")).not_to_contain_text(third)
    assert len({first, second, third}) == 3, (first, second, third)
    for expected in (third, second, first):
        page.keyboard.press("Control+z")
        expect(page.get_by_role("article")).to_contain_text(expected)
    remaining(page, 3 * EACH)


def test_the_whole_queue_is_worked_off_with_one_key(open_page: OpenPage, name: str, installation: Installation) -> None:
    page = open_page(f"/p/{name}/review?by=diverse", role="reviewer")
    for left in range(3 * EACH, 0, -1):
        remaining(page, left)
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing waits for a look")).to_be_visible()
    with installation.client() as ada:
        items = ada.get(f"/api/v1/projects/{name}/images?limit=500").json()["items"]
    assert all(one["verified"] and one["label"] == one["predicted"] for one in items)


def test_enter_on_a_button_presses_it_and_the_next_enter_decides_again(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}/review", role="reviewer")
    remaining(page, 3 * EACH)
    first = shown(page)
    page.get_by_role("button", name="Not now").press("Enter")
    expect(page.get_by_role("article")).not_to_contain_text(first)
    remaining(page, 3 * EACH)
    page.keyboard.press("Enter")
    remaining(page, 3 * EACH - 1)


def test_the_same_seed_gives_the_same_order_after_a_reload(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}/review", role="reviewer")
    page.get_by_role("button", name="Most diverse").click()
    coming = page.get_by_role("region", name="Coming up").get_by_role("img")
    expect(coming).to_have_count(3 * EACH - 1)
    before = coming.evaluate_all("all => all.map(one => one.alt)")
    page.reload()
    expect(page.get_by_role("button", name="Most diverse")).to_have_attribute("aria-pressed", "true")
    expect(coming).to_have_count(3 * EACH - 1)
    assert coming.evaluate_all("all => all.map(one => one.alt)") == before
