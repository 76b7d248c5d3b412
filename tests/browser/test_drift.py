"""The drift page: what a check found stands there with its numbers, and every check can be opened from the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest
from playwright.sync_api import Page, expect

from sightloop.core.entities import Json
from sightloop.flows.access import OPERATOR, project_for
from sightloop.store import drift
from tests.browser.installed import Installation

OpenPage = Callable[..., Page]
EACH = 4


@pytest.fixture
def name(installation: Installation) -> str:
    return installation.project(each=EACH)


def report(ids: Sequence[str], *, alarm: bool, at: float) -> Json:
    """A kept check of a project's pictures."""
    family = {"name": "statistics", "p": 1e-5, "effect": 0.4, "worst": [{"column": "blur", "distance": 0.4, "p": 1e-6}]}
    bins = {"edges": [0.0, 0.5, 1.0], "before": [0.5, 0.5], "after": [0.0, 1.0]}
    return {
        "version": 1,
        "version_id": "v1",
        "since": at - 1,
        "until": at,
        "came": 130,
        "n": 120,
        "held_out": 80,
        "p": 1e-4 if alarm else 0.5,
        "before_p": None,
        "alarm": alarm,
        "by": "window" if alarm else None,
        "kind": "acquisition" if alarm else "none",
        "sentence": "Drift in 120 pictures (p 0.0001)." if alarm else "No drift: 120 pictures compared with 80.",
        "families": [family],
        "classes": [],
        "cumulative": None,
        "rejecting": ["statistics"] if alarm else [],
        "reweighted_p": None,
        "priors": None,
        "driving": [{"image_id": ids[0], "score": 0.9, "nearest": ids[1]}],
        "shares": [{"class": "red", "before": 0.5, "after": 0.4}],
        "histograms": [{"family": "statistics", "column": "blur", **bins}],
        "scatter": {"before": [[0.1, 0.2], [0.3, 0.4]], "after": [[0.5, 0.1]]},
        "needs": None,
        "wanted": None,
    }


def keep(installation: Installation, name: str) -> None:
    """Two checks, of which the newer one is an alarm."""
    services = installation.services
    project = project_for(services, user=OPERATOR, name=name, action="view")
    with installation.client() as ada:
        ids = [one["id"] for one in ada.get(f"/api/v1/projects/{name}/images?limit=500").json()["items"]]
    for at, alarm in ((1.0, False), (2.0, True)):
        with services.db.begin() as db:
            drift.add(db, project.id, report(ids, alarm=alarm, at=at))


def test_an_alarm_stands_with_its_numbers_and_the_pictures_that_drive_it(
    open_page: OpenPage, name: str, installation: Installation
) -> None:
    keep(installation, name)
    page = open_page(f"/p/{name}/drift", role="viewer")
    verdict = page.get_by_role("region", name="The pictures have changed")
    expect(verdict).to_contain_text("Drift in 120 pictures (p 0.0001).")
    expect(verdict).to_contain_text("120 of 130 pictures against 80 held-out ones of version 1")
    expect(verdict.get_by_text("alarm: taken in another way")).to_be_visible()
    compared = page.get_by_role("region", name="What was compared")
    expect(compared.get_by_role("row", name=re.compile("Light, sharpness and size"))).to_contain_text("40.0 %")
    shares = page.get_by_role("region", name="How often each class is answered")
    expect(shares.get_by_role("row", name=re.compile("^red"))).to_contain_text("−10.0")
    expect(
        page.get_by_role("img", name="2 held-out pictures in grey, 1 picture of the window in orange")
    ).to_be_visible()
    page.get_by_role("link", name="New picture 1", exact=True).click()
    expect(page.get_by_role("heading", level=1, name=re.compile(r"\.jpg"))).to_be_visible()


def test_every_check_opens_from_the_line_and_the_newest_is_one_click_away(
    open_page: OpenPage, name: str, installation: Installation
) -> None:
    keep(installation, name)
    page = open_page(f"/p/{name}/drift", role="viewer")
    line = page.get_by_role("region", name="All checks")
    expect(line.get_by_role("link")).to_have_count(2)
    line.get_by_role("link", name=re.compile("no alarm, 50 in 100 by chance")).click()
    expect(page.get_by_role("region", name=re.compile("^The check of"))).to_contain_text("No drift")
    expect(line.get_by_role("link", name=re.compile("no alarm"))).to_have_attribute("aria-current", "true")
    page.reload()
    expect(page.get_by_role("region", name=re.compile("^The check of"))).to_contain_text("No drift")
    page.get_by_role("link", name="The newest check").click()
    expect(page.get_by_role("region", name="The pictures have changed")).to_be_visible()


def test_a_check_can_be_asked_for_and_a_viewer_is_told_why_not(open_page: OpenPage, name: str) -> None:
    viewer = open_page(f"/p/{name}/drift", role="viewer")
    expect(viewer.get_by_text("new pictures that a check needs have come in")).to_be_visible()
    why = re.compile("needs the role maintainer")
    expect(viewer.get_by_role("button", name="Check now")).to_have_attribute("title", why)
    page = open_page(f"/p/{name}/drift", role="maintainer")
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("heading", level=1, name="Drift check")).to_be_visible()
