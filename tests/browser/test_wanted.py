"""Labels that are asked for, given without a look at the model's answer, and what they do to the policy's rules."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import tiny
from tests.browser.installed import Installation

OpenPage = Callable[..., Page]
EACH = 4


@pytest.fixture
def name(installation: Installation) -> str:
    return installation.project(each=EACH)


def ask(page: Page, n: int) -> None:
    page.get_by_role("button", name="Ask for more").click()
    dialog = page.get_by_role("dialog", name="Ask for more labels")
    dialog.get_by_label("Pictures").fill(str(n))
    dialog.get_by_role("button", name="Ask for them").click()
    expect(dialog).to_have_count(0)


def questions(page: Page) -> int:
    """How many pictures stand in the list."""
    return page.get_by_role("region", name="The pictures").get_by_role("listitem").count()


def test_labels_are_asked_for_given_blind_and_counted(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}/wanted", role="maintainer")
    expect(page.get_by_role("heading", name="No labels are asked for")).to_be_visible()
    ask(page, 2)
    progress = page.get_by_role("region", name="How far it is")
    expect(progress).to_contain_text(re.compile(r"0 of \d labels? given"))
    expect(progress).to_contain_text("0 of 100 recent pictures judge")
    asked = questions(page)
    assert 1 <= asked <= 2
    page.get_by_role("button", name="Answered").click()
    expect(page.get_by_text("Nobody has answered yet")).to_be_visible()
    page.get_by_role("link", name="Label them").click()
    expect(page.get_by_role("button", name="Asked for")).to_have_attribute("aria-pressed", "true")
    card = page.get_by_role("article")
    expect(card.get_by_role("heading", name="What does it show?")).to_be_visible()
    page.keyboard.press("Enter")
    expect(card.get_by_role("button", name=re.compile("^Right"))).to_have_attribute("title", re.compile("hidden"))
    page.get_by_role("button", name="Show its answers").click()
    expect(card.get_by_role("heading", name=re.compile("red|green|blue"))).to_be_visible()
    page.get_by_role("button", name="Hide its answers").click()
    for _ in range(asked):
        expect(card.get_by_role("heading", name="What does it show?")).to_be_visible()
        shown = card.get_by_role("img").get_attribute("alt") or ""
        page.keyboard.press("1")
        expect(page.get_by_role("article").get_by_role("img", name=shown)).to_have_count(0)
    expect(page.get_by_role("heading", name="No label is asked for")).to_be_visible()
    page.get_by_role("link", name="Labels wanted").click()
    expect(progress).to_contain_text(f"{asked} of {asked}")
    expect(page.get_by_text("Every question is answered.")).to_be_visible()
    page.get_by_role("button", name="Answered").click()
    expect(page.get_by_role("region", name="The pictures").get_by_role("listitem")).to_have_count(asked)


def test_open_questions_are_withdrawn_and_what_was_asked_is_gone(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}/wanted", role="maintainer")
    ask(page, 2)
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile(r"^Withdraw \d question")).click()
    expect(page.get_by_role("heading", name="No labels are asked for")).to_be_visible()


def test_a_reviewer_is_told_why_she_cannot_ask(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}/wanted", role="reviewer")
    why = re.compile("needs the role maintainer")
    expect(page.get_by_role("button", name="Ask for more")).to_have_attribute("title", why)


def test_every_rule_of_the_policy_says_what_it_lacks(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}/train", role="maintainer")
    panel = page.get_by_role("region", name="Learn again")
    rules = ("Accuracy has dropped", "Changed pictures are labelled", "Corrections", "Corrections of one class")
    for rule in (*rules, "New labels"):
        expect(panel.get_by_role("listitem").filter(has=page.get_by_text(rule, exact=True))).to_contain_text("not yet")
    expect(panel.get_by_text("does not start by itself")).to_be_visible()
    expect(panel.get_by_text("Not by itself", exact=True)).to_be_visible()
    page.goto(f"/p/{name}/settings")
    page.get_by_role("checkbox", name=re.compile("^Retrain by itself")).check()
    page.get_by_role("button", name="Save the policy").click()
    expect(page.get_by_text("Policy saved")).to_be_visible()
    page.goto(f"/p/{name}/train")
    expect(panel.get_by_role("listitem").first).to_be_visible()
    expect(panel.get_by_text("Not by itself", exact=True)).to_have_count(0)


def test_a_zip_is_sent_and_the_live_version_learns_on_from_it(open_page: OpenPage, name: str, tmp_path: Path) -> None:
    place = tmp_path / "more.zip"
    zipped(place)
    page = open_page(f"/p/{name}/train?zip=retrain", role="maintainer")
    send = page.get_by_role("button", name="Add its pictures and retrain")
    expect(send).to_have_attribute("title", "Choose the ZIP first.")
    page.get_by_label("ZIP file").set_input_files(place)
    send.click()
    expect(page.get_by_role("heading", level=1, name=re.compile("^(Import|Training)"))).to_be_visible()


def zipped(place: Path) -> None:
    """A ZIP with a few labelled pictures that the project does not have."""
    with zipfile.ZipFile(place, "w") as archive:
        for colour in tiny.COLOURS:
            for seed in range(2):
                archive.writestr(f"{colour}/new-{seed}.jpg", tiny.picture(colour, seed=100 + seed))
