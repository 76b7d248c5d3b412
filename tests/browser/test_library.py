"""The library: find, correct, choose, undo, with a mouse and with keys alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from sightloop.flows import accounts, projects
from sightloop.flows.access import OPERATOR
from tests import tiny
from tests.browser.installed import Installation
from tests.browser.watching import Watch, axe
from tests.web.people import PASSWORD

OpenPage = Callable[..., Page]
EACH = 4
HOSTILE = "<img src=x onerror=alert(1)>"
STRANGE = [HOSTILE, "مرآة السيارة", "🦋" * 8, "x" * 100]


@pytest.fixture
def name(installation: Installation) -> str:
    """A project of its own with four red, four green and four blue pictures that a model has answered."""
    return installation.project(each=EACH)


def cards(page: Page) -> Locator:
    """The pictures in view."""
    return page.get_by_test_id("grid").locator("a[data-index]")


def card(page: Page, name: str) -> Locator:
    """The card of the picture with this name."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("checkbox", name=f"Choose {name}", exact=True))


def expect_tabs(page: Page, **counts: int) -> None:
    """Each named tab shows this many pictures; 0 is a tab that is not there."""
    for tab, n in counts.items():
        found = page.get_by_role("tab", name=re.compile(f"^{tab}\\b", re.IGNORECASE))
        expect(found).to_have_count(0) if n == 0 else expect(found).to_contain_text(str(n))


def confirm(page: Page, action: str) -> None:
    """Press the button of the question, which names the exact count."""
    page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_correction_by_the_list_of_classes_moves_the_counts_and_wears_a_star(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}", role="reviewer")
    expect_tabs(page, All=12, red=4, green=4, blue=4)
    card(page, "red-0.jpg").get_by_role("button", name="Class of red-0.jpg").click()
    page.get_by_role("listbox").get_by_role("option", name="blue").click()
    expect(card(page, "red-0.jpg")).to_contain_text("★")
    expect_tabs(page, All=12, red=3, green=4, blue=5)
    expect(page.get_by_text("1 of 12 pictures verified")).to_be_visible()
    card(page, "red-0.jpg").get_by_role("button", name="Class of red-0.jpg").click()
    page.get_by_role("option", name="red").click()
    expect(card(page, "red-0.jpg")).not_to_contain_text("★")
    expect_tabs(page, red=4, blue=4)


def test_keys_alone_label_verify_delete_and_take_back_three_steps(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}?sort=name", role="reviewer")
    expect(cards(page)).to_have_count(12)
    page.keyboard.press("ArrowRight")
    expect(cards(page).nth(0)).to_be_focused()
    page.keyboard.press("1")
    expect(card(page, "blue-0.jpg")).to_contain_text("★")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(card(page, "blue-1.jpg")).to_contain_text("✓")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    expect(card(page, "blue-2.jpg")).to_have_count(0)
    expect(page.get_by_role("link", name="blue-3.jpg")).to_be_focused()
    expect_tabs(page, All=11, red=5, blue=2)
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect_tabs(page, All=12)
    expect_tabs(page, red=4, green=4, blue=4)
    expect(card(page, "blue-0.jpg")).not_to_contain_text("★")
    expect(card(page, "blue-1.jpg")).not_to_contain_text("✓")
    expect(card(page, "blue-2.jpg")).to_be_visible()


def test_a_range_reaches_from_its_anchor_and_no_further(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}?sort=name", role="reviewer")
    card(page, "blue-1.jpg").get_by_role("checkbox").click()
    cards(page).nth(4).click(modifiers=["Shift"])
    expect(page.get_by_text("4 pictures chosen")).to_be_visible()
    page.get_by_role("tab", name="red").click()
    expect(page.get_by_role("toolbar")).to_have_count(0)
    expect(cards(page)).to_have_count(4)
    card(page, "red-2.jpg").get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_text("1 picture chosen")).to_be_visible()


def test_everything_that_matches_is_labelled_after_its_exact_count_was_confirmed(
    open_page: OpenPage, name: str
) -> None:
    page = open_page(f"/p/{name}?search=green", role="reviewer")
    expect(cards(page)).to_have_count(4)
    page.keyboard.press("Control+a")
    expect(page.get_by_text("4 pictures chosen")).to_be_visible()
    page.keyboard.press("3")
    confirm(page, "Label 4 pictures")
    expect_tabs(page, All=12, red=4, green=0, blue=8)
    page.keyboard.press("Control+z")
    expect_tabs(page, red=4, green=4, blue=4)
    expect(page.get_by_text("0 of 12 pictures verified")).to_be_visible()


def test_a_set_that_somebody_changed_meanwhile_is_left_alone(
    open_page: OpenPage, name: str, installation: Installation, watch: Watch
) -> None:
    watch.allow("409")
    page = open_page(f"/p/{name}?tab=red", role="reviewer")
    expect(cards(page)).to_have_count(4)
    page.keyboard.press("Control+a")
    page.keyboard.press("x")
    expect(page.get_by_role("heading", name="Move 4 pictures to the trash?")).to_be_visible()
    installation.upload(name, [("red-new.jpg", tiny.picture("red", seed=99))])
    confirm(page, "Move 4 pictures")
    expect(page.get_by_text("Nothing was done: 5 images match, not 4.")).to_be_visible()
    expect(cards(page)).to_have_count(5)


def test_somebody_elses_change_is_shown_instead_of_being_overwritten(
    open_page: OpenPage, name: str, installation: Installation, watch: Watch
) -> None:
    watch.allow("409")
    page = open_page(f"/p/{name}", role="reviewer")
    expect(cards(page)).to_have_count(12)
    with installation.client() as admin:
        found = admin.get(f"/api/v1/projects/{name}/images", params={"search": "red-0"}).json()["items"][0]
        admin.put(f"/api/v1/images/{found['id']}/label", json={"value": "green"})
    cards(page).filter(has=page.get_by_alt_text("red-0.jpg")).focus()
    page.keyboard.press("3")
    expect(page.get_by_text("Somebody else changed red-0.jpg meanwhile: it is “green” now.")).to_be_visible()
    expect(card(page, "red-0.jpg").get_by_role("button", name="Class of red-0.jpg: green")).to_be_visible()


def test_filters_and_order_survive_a_reload_and_can_be_taken_away(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}", role="viewer")
    expect(cards(page)).to_have_count(12)
    page.keyboard.press("/")
    page.keyboard.type("-2")
    expect(cards(page)).to_have_count(3)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Verified", exact=True).select_option("Not verified")
    page.get_by_label("Order").select_option("By name")
    expect(page).to_have_url(re.compile(r"\?search=-2&verified=false&sort=name$"))
    page.reload()
    expect(page.get_by_label("Search by name")).to_have_value("-2")
    expect(cards(page).first).to_have_accessible_name(re.compile("blue-2.jpg"))
    page.get_by_role("button", name="Name contains “-2”").click()
    expect(cards(page)).to_have_count(12)
    page.get_by_label("Search by name").fill("nothing like this")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("button", name="Clear all filters").click()
    expect(cards(page)).to_have_count(12)


def test_pictures_that_arrive_wait_to_be_shown(open_page: OpenPage, name: str, installation: Installation) -> None:
    page = open_page(f"/p/{name}", role="viewer")
    expect(cards(page)).to_have_count(12)
    installation.upload(name, [(f"new-{seed}.jpg", tiny.picture("red", seed=seed)) for seed in (98, 99)])
    expect(page.get_by_text("2 new pictures")).to_be_visible(timeout=15_000)
    expect(cards(page)).to_have_count(12)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(cards(page)).to_have_count(14)


def test_hostile_names_of_files_and_classes_are_text_and_nothing_else(
    open_page: OpenPage, installation: Installation
) -> None:
    name = f"strange-{len(projects.listing(installation.services, user=OPERATOR))}"
    projects.create(installation.services, user=OPERATOR, name=name, title=HOSTILE, classes=tuple(STRANGE))
    files = [(f"{text}.jpg", tiny.picture("red", seed=seed)) for seed, text in enumerate(STRANGE)]
    with installation.client() as admin:
        sent = admin.post(f"/api/v1/projects/{name}/images", files=[("files", file) for file in files]).json()
        for row, value in zip(sent["files"], [*STRANGE[:3], "unknown"], strict=True):
            assert admin.put(f"/api/v1/images/{row['image']['id']}/label", json={"value": value}).status_code == 200
    page = open_page(f"/p/{name}", role="admin")
    page.on("dialog", lambda _: pytest.fail("a name was run as a script"))
    expect(cards(page)).to_have_count(4)
    assert {one["name"] for one in _names(sent)} == set(
        page.get_by_test_id("grid").locator("img").evaluate_all("images => images.map((image) => image.alt)")
    )
    expect(page.get_by_role("tab", name=HOSTILE)).to_be_visible()
    expect(page.get_by_role("tab").last).to_have_accessible_name(re.compile("Unknown"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe(page) == []


def _names(sent: dict[str, Any]) -> list[dict[str, Any]]:
    return [row["image"] for row in sent["files"]]


def test_a_stranger_sees_nothing_of_a_project(
    open_page: OpenPage, name: str, installation: Installation, watch: Watch
) -> None:
    watch.allow("404")
    accounts.add_user(
        installation.services, email=f"{name}@example.org", name="Stranger", password=PASSWORD, role="viewer"
    )
    page = open_page(f"/login?next=/p/{name}")
    page.get_by_label("E-mail").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="This project cannot be shown")).to_be_visible()
    expect(page.get_by_test_id("grid")).to_have_count(0)
    page.goto("/")
    expect(page.get_by_text(name.capitalize())).to_have_count(0)


def test_a_finger_at_rest_begins_to_choose_and_the_next_tap_goes_on(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}?sort=name", role="reviewer", phone=True)
    box = cards(page).nth(0).bounding_box()
    assert box is not None
    touch = page.context.new_cdp_session(page)
    point = {"x": box["x"] + 60, "y": box["y"] + 60}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(page.get_by_text("1 picture chosen")).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    cards(page).nth(1).tap()
    expect(page.get_by_text("2 pictures chosen")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_while_pictures_are_chosen_and_filtered(open_page: OpenPage, name: str, theme: str) -> None:
    page = open_page(f"/p/{name}?verified=false", role="reviewer", theme=theme)
    page.get_by_role("button", name="Filters").click()
    cards(page).nth(0).click(modifiers=["Control"])
    page.get_by_role("button", name="Label as…").click()
    expect(page.get_by_role("listbox")).to_be_visible()
    assert axe(page) == []
