"""The page of one picture: what the model said, what people say, what looks like it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.installed import Installation

OpenPage = Callable[..., Page]
EACH = 3


@pytest.fixture
def name(installation: Installation) -> str:
    return installation.project(each=EACH)


def image_id(installation: Installation, project: str, picture: str) -> str:
    with installation.client() as ada:
        items = ada.get(f"/api/v1/projects/{project}/images", params={"search": picture}).json()["items"]
    return str(items[0]["id"])


@pytest.fixture
def red(open_page: OpenPage, installation: Installation, name: str) -> Page:
    page = open_page(f"/p/{name}/images/{image_id(installation, name, 'red-0')}?sort=name", role="reviewer")
    expect(page.get_by_role("heading", name="red-0.jpg")).to_be_visible()
    return page


def test_it_tells_the_confidence_of_every_class_the_model_and_the_history(red: Page) -> None:
    answer = red.get_by_role("region", name="The model’s answer")
    for colour in ("red", "green", "blue"):
        expect(answer.get_by_text(colour, exact=True)).to_be_visible()
    expect(answer).to_contain_text("version 1 (live)")
    expect(red.get_by_role("region", name="History")).to_contain_text("Model v1 answered red")
    expect(red.get_by_role("region", name="Looks like").get_by_role("listitem")).to_have_count(3 * EACH - 1)


def test_a_correction_stands_in_the_history_and_is_taken_back_by_undo(red: Page) -> None:
    red.get_by_label("Say what it shows").select_option("blue")
    expect(red.get_by_text("★ corrected")).to_be_visible()
    expect(red.get_by_role("region", name="History")).to_contain_text("Rosa said it shows blue")
    red.get_by_role("heading", level=1).click()
    red.keyboard.press("Control+z")
    expect(red.get_by_text("said by the model")).to_be_visible()


def test_satisfied_yes_verifies(red: Page) -> None:
    red.get_by_role("button", name="Yes, right").click()
    expect(red.get_by_text("verified", exact=True)).to_be_visible()


def test_satisfied_no_is_noted_and_asks_what_it_shows(red: Page, name: str) -> None:
    red.get_by_role("button", name="No", exact=True).click()
    expect(red.get_by_label("Say what it shows")).to_be_focused()
    red.goto(f"/p/{name}/review")
    expect(red.get_by_role("article")).to_contain_text("red-0.jpg")


def test_keys_step_through_the_list_it_came_from(red: Page, name: str) -> None:
    expect(red.get_by_text(f"{2 * EACH + 1} of {3 * EACH}")).to_be_visible()
    red.keyboard.press("ArrowRight")
    expect(red.get_by_role("heading", name="red-1.jpg")).to_be_visible()
    red.keyboard.press("ArrowLeft")
    red.keyboard.press("ArrowLeft")
    expect(red.get_by_role("heading", name=f"green-{EACH - 1}.jpg")).to_be_visible()
    red.keyboard.press("Escape")
    red.wait_for_url(f"**/p/{name}?sort=name")


def test_it_zooms_by_keys_and_buttons_and_shows_the_whole_again(red: Page) -> None:
    zoom = red.get_by_role("group", name="Zoom")
    red.keyboard.press("+")
    expect(zoom).to_contain_text("140 %")
    zoom.get_by_role("button", name="Zoom in").click()
    expect(zoom).to_contain_text("196 %")
    red.keyboard.press("z")
    expect(zoom).to_contain_text("100 %")


def test_a_trashed_picture_says_so_and_comes_back(red: Page, name: str) -> None:
    address = red.url
    red.get_by_role("button", name="Move to the trash").click()
    expect(red.get_by_role("heading", name="red-1.jpg")).to_be_visible()
    red.goto(address)
    expect(red.get_by_text("in the trash", exact=True)).to_be_visible()
    red.get_by_role("button", name="Take it out of the trash").click()
    expect(red.get_by_label("Say what it shows")).to_be_visible()


def test_a_viewer_sees_why_nothing_can_be_said(open_page: OpenPage, installation: Installation, name: str) -> None:
    page = open_page(f"/p/{name}/images/{image_id(installation, name, 'red-0')}", role="viewer")
    button = page.get_by_role("button", name="Yes, right")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", re.compile("role reviewer"))
