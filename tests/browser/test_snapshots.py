"""Snapshots and lineage: what changed between two, which versions a picture taught, and what deleting it leaves."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import versions
from tests.browser.driving import Theme, settle
from tests.browser.installed import Installation
from tests.browser.watching import axe
from tests.flows import labelled

OpenPage = Callable[..., Page]


@pytest.fixture
def name(installation: Installation) -> str:
    """Every picture is labelled; versions 2 and 3 were made of two snapshots, between which a red one became green."""
    name = installation.project(each=8)
    root = f"/api/v1/projects/{name}/images"
    with installation.client() as ada:
        found = ada.get(f"{root}?limit=100").json()["items"]
        for colour in ("red", "green", "blue"):
            mine = [one["id"] for one in found if one["name"].startswith(colour)]
            ada.post(f"{root}/bulk", json={"action": "label", "value": colour, "image_ids": mine})
        learn(installation.services, name)
        changed = next(one for one in found if one["name"] == "red-0.jpg")
        ada.put(f"/api/v1/images/{changed['id']}/label", json={"value": "green"})
        learn(installation.services, name)
    return name


def learn(services: Services, name: str) -> None:
    """A version with the live one's bundle that says it learnt from the labels of now."""
    project = project_for(services, user=OPERATOR, name=name, action="view")
    taken = labelled.freeze(services, project)["snapshot_id"]
    with services.db.begin() as db:
        bundle = versions.get(db, project.id, "1").bundle
        versions.add(db, project.id, bundle=bundle, family="linear", params={}, metrics={}, snapshot_id=taken)


def taught(installation: Installation, name: str) -> str:
    """A picture from which versions learnt."""
    with installation.client() as ada:
        for one in ada.get(f"/api/v1/projects/{name}/images?limit=100").json()["items"]:
            if ada.get(f"/api/v1/images/{one['id']}/lineage").json()["taught"]:
                return str(one["id"])
    raise AssertionError("nothing taught")


def test_what_changed_between_two_snapshots_is_counted_and_shown(open_page: OpenPage, name: str) -> None:
    page = open_page(f"/p/{name}/models", role="maintainer")
    page.get_by_role("link", name="Snapshots").click()
    page.get_by_role("row", name=re.compile("Version 3")).get_by_role("link", name=re.compile("^What changed")).click()
    panel = page.get_by_role("region", name="What changed")
    expect(panel).to_contain_text("1 got another word")
    expect(panel.get_by_role("row", name="green 8 9 +1")).to_be_visible()
    again = page.get_by_role("region", name="Got another word")
    expect(again.get_by_role("link", name="red, now green")).to_be_visible()
    page.reload()
    expect(panel).to_contain_text("1 got another word")
    with page.expect_download() as download:
        page.get_by_role("row", name=re.compile("Version 2")).get_by_role("link", name=re.compile("^CSV")).click()
    assert download.value.path().read_text(encoding="utf-8").startswith("image_id,")


def test_a_picture_says_which_versions_learnt_from_it_and_so_does_deleting_it_for_good(
    open_page: OpenPage, name: str, installation: Installation
) -> None:
    image = taught(installation, name)
    page = open_page(f"/p/{name}/images/{image}", role="maintainer")
    panel = page.get_by_role("region", name="What it was used for")
    expect(panel).to_contain_text("Versions 2 and 3 learnt from it; none of them is live.")
    panel.get_by_role("link", name="snapshot of version 3").click()
    expect(page.get_by_role("region", name="What changed")).to_be_visible()
    with installation.client() as ada:
        ada.delete(f"/api/v1/images/{image}")
    page.goto(f"/p/{name}/trash")
    page.get_by_role("button", name="Empty the trash").click()
    told = "Version 3 learnt from it and version 2 learnt from it"
    expect(page.get_by_role("dialog")).to_contain_text(told)


def test_a_project_without_a_training_says_what_would_make_a_snapshot(
    open_page: OpenPage, installation: Installation
) -> None:
    page = open_page(f"/p/{installation.project(each=1)}/snapshots", role="viewer")
    expect(page.get_by_role("heading", name="No snapshot yet")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_a_comparison_and_it_fits_a_phone(open_page: OpenPage, name: str, theme: Theme) -> None:
    page = open_page(f"/p/{name}/snapshots", role="maintainer", theme=theme, phone=theme == "dark")
    page.get_by_role("link", name=re.compile("^What changed")).first.click()
    expect(page.get_by_role("region", name="What changed")).to_contain_text("got another word")
    settle(page)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
