"""The cascade: certified from the page, too little to promise anything, and who answered which picture."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import tiny
from tests.browser.installed import Installation, fill
from tests.e2e.running import finished

OpenPage = Callable[..., Page]
JOB = 120_000  # milliseconds
EACH = 30
LINEAR = {"backbone": "test_resnet", "weights": "none", "precision": "fp32"}
CERTIFYING = {"certify": True, "ratios": [0.4, 0.5, 0.1]}


@pytest.fixture(scope="module")
def paired(installation: Installation) -> str:
    """A project that keeps pictures for certificates, with two versions that never met them."""
    name, root = "promises", "/api/v1/projects/promises"
    fill(installation.services, name, model=False)
    with installation.client() as ada:
        assert ada.patch(root, json={"settings": CERTIFYING}).is_success
        named = [
            (f"{colour}-{seed}.jpg", tiny.picture(colour, seed=seed)) for colour in tiny.COLOURS for seed in range(EACH)
        ]
        installation.upload(name, named)
        found = ada.get(f"{root}/images?limit=500").json()["items"]
        for colour in tiny.COLOURS:
            mine = [one["id"] for one in found if one["name"].startswith(colour)]
            ada.post(f"{root}/images/bulk", json={"action": "label", "value": colour, "image_ids": mine})
        for size in (32, 48):
            params = {**LINEAR, "input_size": size}
            finished(ada, ada.post(f"{root}/trainings", json={"family": "linear", "params": params}))
    return name


def certified(page: Page) -> None:
    """Ask for the certificate that the form describes, and wait for its version."""
    page.get_by_role("button", name="Certify").click()
    expect(page).to_have_url(re.compile("/jobs/"))
    expect(page.get_by_role("link", name=re.compile(r"^Open version \d"))).to_be_visible(timeout=JOB)


def test_a_promise_is_certified_from_the_page_and_becomes_a_version(open_page: OpenPage, paired: str) -> None:
    page = open_page(f"/p/{paired}/cascade", role="maintainer")
    expect(page.get_by_role("heading", name="Two models, one promise")).to_be_visible()
    page.get_by_label("Fast member").select_option("1")
    page.get_by_label("Accurate member").select_option("2")
    page.get_by_label("Accuracy that may be lost").fill("30")
    certified(page)
    page.goto(f"/p/{paired}/cascade")
    expect(page.get_by_text("at most 30.0 points less accurate")).to_be_visible()
    expect(page.get_by_text("not live", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Fast .*Version 1"))).to_be_visible()


def test_a_promise_that_needs_more_pictures_says_how_many(open_page: OpenPage, paired: str) -> None:
    page = open_page(f"/p/{paired}/cascade", role="maintainer")
    page.get_by_label("Accuracy that may be lost").fill("1")
    certified(page)
    page.goto(f"/p/{paired}/cascade")
    expect(page.get_by_text(re.compile("299 are needed")).first).to_be_visible()


def test_nonsense_cannot_be_certified(open_page: OpenPage, paired: str) -> None:
    page = open_page(f"/p/{paired}/cascade", role="maintainer")
    page.get_by_label("Certainty").fill("120")
    expect(page.get_by_text("From 50 to 99.9999 percent.").first).to_be_visible()
    expect(page.get_by_role("button", name="Certify")).to_have_attribute("aria-disabled", "true")
