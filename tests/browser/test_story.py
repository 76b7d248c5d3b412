"""The whole BioSight story in one browser, from the first account to the promotion by hand."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import tiny
from tests.browser.driving import DESKTOP
from tests.browser.watching import Watch
from tests.e2e.running import serving
from tests.web.people import PASSWORD

EACH = 16
NEW = 4
SETTINGS = {"backbone": "test_resnet", "input_size": "32", "epochs": "3", "precision": "fp32"}
MINUTES = 60_000  # milliseconds


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page of a server that nobody has used before."""
    with serving(tmp_path / "data", worker=True) as running:
        watch = Watch(running.url)
        context = chromium.new_context(base_url=running.url, reduced_motion="reduce", accept_downloads=True, **DESKTOP)
        watch.follow(context)
        found = context.new_page()
        found.set_default_timeout(60_000)
        yield found
        context.close()
        assert watch.found() == []


def test_biosight_from_the_first_account_to_the_promotion_by_hand(page: Page, tmp_path: Path) -> None:
    register(page)
    create_a_project_from_a_zip(page, archive(tmp_path / "taught.zip"))
    train(page)
    expect(page.get_by_text("live", exact=True).first).to_be_visible()
    upload_a_folder(page, folder(tmp_path / "new"))
    see_the_tabs(page)
    correct_three(page)
    delete_one(page)
    assert download(page) == what_the_page_shows(page)
    train(page)
    read_the_comparison(page)
    promote_by_hand(page)


def archive(path: Path) -> Path:
    """A ZIP of class folders."""
    with zipfile.ZipFile(path, "w") as file:
        for colour in tiny.COLOURS:
            for seed in range(EACH):
                file.writestr(f"{colour}/{colour}-{seed}.jpg", tiny.picture(colour, seed=seed))
    return path


def folder(path: Path) -> Path:
    """A folder of pictures that nobody has sorted."""
    path.mkdir()
    for colour in tiny.COLOURS:
        for seed in range(NEW):
            (path / f"new-{colour}-{seed}.jpg").write_bytes(tiny.picture(colour, seed=100 + seed))
    return path


def register(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Set up this server")).to_be_visible()
    page.get_by_label("Name").fill("Ana")
    page.get_by_label("E-mail").fill("ana@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Open the account").click()
    expect(page.get_by_role("heading", name="No project yet")).to_be_visible()


def create_a_project_from_a_zip(page: Page, path: Path) -> None:
    page.get_by_role("link", name="Create the first project").click()
    page.get_by_label("Title").fill("Paint")
    page.get_by_role("radio", name="From a ZIP of class folders").check()
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Create and look into the ZIP").click()
    page.get_by_role("button", name=re.compile(f"Import {3 * EACH} pictures")).click()
    expect(tab(page, "red")).to_contain_text(str(EACH))


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("tab", name=re.compile(f"^{name}\\b", re.IGNORECASE))


def place(page: Page, name: str) -> None:
    """Go to a place of the project by its navigation."""
    page.get_by_role("navigation", name="Project", exact=True).get_by_role("link", name=name).click()


def train(page: Page) -> None:
    """Train on what was said; the page tells how many pictures teach and how many judge, and draws the curves."""
    place(page, "Models")
    page.get_by_role("link", name=re.compile("^Train")).first.click()
    expect(page.get_by_text(re.compile(r"\d+ pictures teach, .*\d+ judge it"))).to_be_visible()
    like = page.get_by_role("radio", name=re.compile("^Like version"))
    if like.count() == 0:
        page.get_by_role("radio", name=re.compile("Thorough")).check()
        page.get_by_role("radio", name=re.compile("From scratch")).check()
        page.get_by_text(re.compile("^Advanced")).click()
        for name, value in SETTINGS.items():
            fill(page, name, value)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name="Learning curves")).to_be_visible(timeout=MINUTES)
    expect(page.locator(".u-over").first).to_be_visible(timeout=MINUTES)
    expect(page.get_by_role("heading", name=re.compile(r"^Version \d$"))).to_be_visible(timeout=2 * MINUTES)


def fill(page: Page, name: str, value: str) -> None:
    field = page.get_by_label(name, exact=True)
    if field.evaluate("one => one.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def upload_a_folder(page: Page, path: Path) -> None:
    place(page, "Upload")
    page.locator("input[webkitdirectory]").set_input_files(path)
    expect(page.get_by_text(f"{3 * NEW} stored + 0 duplicates + 0 failed = {3 * NEW}")).to_be_visible()


def see_the_tabs(page: Page) -> None:
    place(page, "Library")
    expect(tab(page, "All")).to_contain_text(str(3 * (EACH + NEW)))
    for colour in tiny.COLOURS:
        expect(tab(page, colour)).to_be_visible()


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("checkbox", name=f"Choose {name}", exact=True))


def correct_three(page: Page) -> None:
    """Say that three new pictures show something else than the model said."""
    for seed in range(3):
        name = f"new-red-{seed}.jpg"
        opener = card(page, name).get_by_role("button", name=f"Class of {name}")
        shown = opener.inner_text().split(":")[-1].strip()
        other = next(colour for colour in tiny.COLOURS if colour not in shown)
        opener.click()
        page.get_by_role("listbox").get_by_role("option", name=other).click()
        expect(card(page, name)).to_contain_text("★")
    expect(page.get_by_text(re.compile(rf"{3 * EACH + 3} of {3 * (EACH + NEW)} pictures verified"))).to_be_visible()


def delete_one(page: Page) -> None:
    page.get_by_role("link", name=re.compile(r"^new-blue-0\.jpg")).focus()
    page.keyboard.press("x")
    expect(card(page, "new-blue-0.jpg")).to_have_count(0)
    expect(tab(page, "All")).to_contain_text(str(3 * (EACH + NEW) - 1))


def what_the_page_shows(page: Page) -> set[tuple[str, str]]:
    """(class, name) of every picture, tab by tab."""
    found: set[tuple[str, str]] = set()
    shown = page.get_by_role("tab").evaluate_all("all => all.map(one => one.textContent)")
    for text in shown[1:]:
        words = re.fullmatch(r"\s*(.+?)\s*([\d,]+)\s*", text)
        assert words is not None, text
        tab(page, words[1]).click()
        cards = page.get_by_test_id("grid").locator("a[data-index]")
        expect(cards).to_have_count(int(words[2]))
        names = cards.evaluate_all("all => all.map(one => one.getAttribute('aria-label').split(',')[0])")
        found |= {(words[1], name) for name in names}
    tab(page, "All").click()
    return found


def download(page: Page) -> set[tuple[str, str]]:
    """(class, name) of every picture in the ZIP that the page gives."""
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as waiting:
        page.get_by_role("dialog").get_by_role("link", name=re.compile("^Download")).click()
    with zipfile.ZipFile(waiting.value.path()) as file:
        assert file.testzip() is None
        rows = list(csv.DictReader(io.StringIO(file.read("dataset.csv").decode())))
        names = {name for name in file.namelist() if name.endswith(".jpg")}
    assert {row["filepath"] for row in rows} == names
    return {(Path(name).parts[-2], Path(name).name) for name in names}


def read_the_comparison(page: Page) -> None:
    page.get_by_role("link", name="Compare with live version 1").click()
    expect(page.get_by_text(re.compile("interval|points|%")).first).to_be_visible()


def promote_by_hand(page: Page) -> None:
    place(page, "Models")
    page.get_by_role("button", name=re.compile("Promote")).first.click()
    page.get_by_role("dialog").get_by_role("textbox").fill("learnt from three corrections")
    page.get_by_role("dialog").get_by_role("button", name="Promote version 2").click()
    expect(page.get_by_role("heading", name="Version 2").first).to_be_visible()
    expect(page.get_by_text("learnt from three corrections").first).to_be_visible()
