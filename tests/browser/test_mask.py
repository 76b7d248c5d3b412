"""The page of a picture with a mask: looked at, measured, drawn upon, agreed with, printed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from sightloop.core.arrays import Mask
from sightloop.flows import projects
from sightloop.flows.access import OPERATOR
from sightloop.vision import masks
from tests import tiny_masks
from tests.browser.driving import Theme, settle
from tests.browser.installed import Installation, email
from tests.browser.watching import axe

OpenPage = Callable[..., Page]
NUMBERS = itertools.count(1)
WIDTH, HEIGHT = 64, 48  # of the pictures
SOFT = 0.6  # sharpness at which the model is sure of nothing: red 0.6, grey 0.4
DRAWN = """() => {
  const canvas = document.querySelector('canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  return data.some((value, at) => at % 4 === 3 && value > 0)
}"""


@dataclass(frozen=True)
class Picture:
    """A picture of a project that segments, answered by the tiny model."""

    installation: Installation
    project: str
    id: str

    @property
    def address(self) -> str:
        return f"/p/{self.project}/images/{self.id}"

    def mask(self, source: str = "best") -> Mask:
        """What the server has, (48, 64) uint8."""
        with self.installation.client() as ada:
            answer = ada.get(f"/api/v1/images/{self.id}/mask", params={"source": source, "format": "index"})
        assert answer.status_code == 200, answer.text
        return masks.read(answer.content, classes=1, size=(HEIGHT, WIDTH)).mask


@pytest.fixture
def picture(installation: Installation, tmp_path: Path) -> Picture:
    return answered(installation, tmp_path)


def answered(installation: Installation, folder: Path, *, sharpness: float = 12.0) -> Picture:
    services, name = installation.services, f"cracks-{next(NUMBERS)}"
    tiny_masks.project(services, name=name)
    for role in ("viewer", "reviewer", "maintainer"):
        projects.set_member(services, user=OPERATOR, name=name, email=email(role), role=role)
    tiny_masks.adopt(services, folder, name=name, sharpness=sharpness)
    return Picture(installation, name, tiny_masks.upload(services, 3, name=name).id)


@pytest.fixture
def page(open_page: OpenPage, picture: Picture) -> Page:
    return opened(open_page, picture)


def opened(open_page: OpenPage, picture: Picture, query: str = "", **options: object) -> Page:
    page = open_page(picture.address + query, **{"role": "reviewer", **options})
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settle(page)
    return page


def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Draw from the middle of one pixel of the picture to that of another."""
    box = page.get_by_role("img", name="3.png", exact=True).bounding_box()
    assert box is not None
    scale = box["width"] / WIDTH
    places = [(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale) for x, y in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    page.mouse.up()


def open_editor(page: Page) -> None:
    page.get_by_role("button", name="No → fix it").click()
    expect(page.get_by_role("region", name="Mask editor")).to_be_visible()
    page.get_by_label("Size").fill("1")
    settle(page)


def test_the_mask_is_drawn_over_the_photo_and_measured(page: Page, picture: Picture) -> None:
    share = 100 * picture.mask().mean()
    expect(page.get_by_role("img", name=f"Mask of 3.png: {share:.2f} % of the picture")).to_be_visible()
    assert page.evaluate(DRAWN)
    page.get_by_text("Photo only").click()
    expect(page.get_by_role("img", name="Photo 3.png")).to_be_visible()
    settle(page)
    assert not page.evaluate(DRAWN)
    measured = page.get_by_role("region", name="Measurements")
    expect(measured).to_contain_text(f"{int(picture.mask().sum())} px")


def test_what_the_brush_drew_is_saved_to_the_pixel_and_taken_back_by_undo(page: Page, picture: Picture) -> None:
    before = picture.mask("model")
    wanted = before.copy()
    wanted[2, 5:41] = 1
    wanted[:, 20] = 0
    open_editor(page)
    drag(page, (5, 2), (40, 2))
    page.keyboard.press("r")
    drag(page, (20, 0), (20, HEIGHT - 1))
    page.keyboard.press("b")
    drag(page, (1, 40), (9, 45))
    page.keyboard.press("Control+z")
    page.get_by_role("button", name="Save the mask").click()
    expect(page.get_by_text("★ corrected")).to_be_visible()
    assert np.array_equal(picture.mask(), wanted)
    page.reload()
    expect(page.get_by_text("★ corrected")).to_be_visible()
    page.get_by_role("button", name="Change the mask").click()
    page.get_by_label("Size").fill("1")
    drag(page, (0, 0), (3, 0))
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Mask of 3.png saved", exact=True)).to_be_visible()
    wanted[0, :4] = 1
    assert np.array_equal(picture.mask(), wanted)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: Mask of 3.png saved")).to_be_visible()
    wanted[0, :4] = before[0, :4]
    assert np.array_equal(picture.mask(), wanted)


def test_a_polygon_and_a_fill_are_steps_that_can_be_undone(page: Page, picture: Picture) -> None:
    open_editor(page)
    page.get_by_role("button", name="Clear").click()
    page.keyboard.press("p")
    for corner in ((10, 10), (30, 10), (30, 30), (10, 30)):
        drag(page, corner, corner)
    page.keyboard.press("Enter")
    page.keyboard.press("r")
    drag(page, (20, 20), (20, 20))
    page.keyboard.press("f")
    drag(page, (20, 20), (20, 20))
    page.get_by_role("button", name="Save the mask").click()
    expect(page.get_by_text("★ corrected")).to_be_visible()
    wanted = np.zeros((HEIGHT, WIDTH), np.uint8)
    wanted[10:30, 10:30] = 1
    assert np.array_equal(picture.mask(), wanted)


def test_strokes_are_not_lost_by_leaving(page: Page, picture: Picture) -> None:
    open_editor(page)
    drag(page, (5, 2), (40, 2))
    page.get_by_role("link", name="Library").first.click()
    asked = page.get_by_role("dialog", name="Strokes are not saved")
    asked.get_by_role("button", name="Go on drawing").click()
    expect(page.get_by_role("region", name="Mask editor")).to_be_visible()
    page.keyboard.press("Escape")
    asked.get_by_role("button", name="Save the mask").click()
    expect(page.get_by_text("★ corrected")).to_be_visible()
    assert picture.mask()[2, 5:41].all()


def test_satisfied_yes_takes_the_models_mask(page: Page, picture: Picture) -> None:
    page.keyboard.press("v")
    expect(page.get_by_text("verified", exact=True)).to_be_visible()
    assert np.array_equal(picture.mask("human"), picture.mask("model"))


def test_nothing_here_is_an_empty_mask(page: Page, picture: Picture) -> None:
    page.keyboard.press("n")
    expect(page.get_by_text("★ corrected")).to_be_visible()
    assert not picture.mask().any()
    page.get_by_text("Differences").click()
    expect(page.get_by_text("Agreement (Dice) 0.000")).to_be_visible()


def test_the_threshold_redraws_without_the_server_and_can_become_the_projects(
    open_page: OpenPage, installation: Installation, tmp_path: Path
) -> None:
    soft = answered(installation, tmp_path, sharpness=SOFT)
    page = opened(open_page, soft, role="maintainer")
    assert page.evaluate(DRAWN)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Threshold").fill("0.7")
    expect(page.get_by_text("Use 0.70 for the whole project")).to_be_visible()
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert not page.evaluate(DRAWN)
    assert not [url for url in asked if "/map" in url or "/mask" in url]
    page.get_by_role("button", name="Use 0.70 for the whole project").click()
    expect(page.get_by_text("Threshold 0.70 for the project")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="It shows")).to_contain_text("nothing")


def test_a_scale_is_set_by_two_clicks_and_tells_millimetres(page: Page) -> None:
    page.get_by_role("button", name="Measure on the photo").click()
    drag(page, (10, 10), (10, 10))
    drag(page, (50, 10), (50, 10))
    page.get_by_label("Its length in millimetres").fill("20")
    page.get_by_role("button", name="Set 2.00 px to the mm").click()
    expect(page.get_by_role("region", name="Scale")).to_contain_text("2.00 px to the millimetre, set for this picture")
    expect(page.get_by_role("region", name="Measurements")).to_contain_text(re.compile(r"Length.*[\d.]+ mm"))


def test_a_viewer_looks_but_does_not_touch(open_page: OpenPage, picture: Picture) -> None:
    page = opened(open_page, picture, role="viewer")
    for name in ("Yes, right", "No → fix it", "Nothing here"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("title", re.compile("role reviewer"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("query", ["?lines=true", "?view=heat", "?view=side", "?edit=true", "/report"])
def test_axe_finds_nothing_and_no_phone_scrolls_sideways(
    open_page: OpenPage, picture: Picture, query: str, theme: Theme
) -> None:
    assert axe(opened(open_page, picture, query, theme=theme)) == []
    page = opened(open_page, picture, query, theme=theme, phone=True)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
