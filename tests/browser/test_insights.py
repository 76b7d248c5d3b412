"""The insights page: counts that lead to pictures, accuracy on verified pictures, and a split that is put right."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from sightloop.flows import projects
from sightloop.flows.access import OPERATOR
from tests.browser.installed import Installation
from tests.browser.watching import Watch
from tests.flows import labelled

OpenPage = Callable[..., Page]
EACH = 4


def test_it_counts_classes_and_tells_how_right_the_model_is(open_page: OpenPage, installation: Installation) -> None:
    name = installation.project(each=EACH)
    page = open_page(f"/p/{name}/insights", role="reviewer")
    expect(page.get_by_role("region", name="Classes")).to_contain_text("Nobody has said yet")
    with installation.client() as ada:
        found = ada.get(f"/api/v1/projects/{name}/images?limit=500").json()["items"]
        ids = [one["id"] for one in found if one["predicted"] == "red"]
        ada.post(f"/api/v1/projects/{name}/images/bulk", json={"action": "verify", "image_ids": ids})
    expect(page.get_by_role("region", name="Accuracy on verified pictures")).to_contain_text("100 %", timeout=15_000)
    expect(page.get_by_role("region", name="Confusion matrix")).to_be_visible()
    expect(page.get_by_role("region", name="Classes").get_by_role("row", name=re.compile("^red"))).to_contain_text("4")
    expect(page.get_by_role("region", name="Dimensions")).to_contain_text("64–64")


def test_a_sample_leads_to_its_picture(open_page: OpenPage, installation: Installation) -> None:
    page = open_page("/p/paint/insights", role="viewer")
    page.get_by_role("region", name="Samples").get_by_role("link", name=re.compile(r"^red-\d+\.jpg")).first.click()
    expect(page.get_by_role("heading", level=1, name=re.compile(r"^red-\d+\.jpg"))).to_be_visible()


def test_a_leaky_split_is_named_and_fixed_with_one_button(
    open_page: OpenPage, installation: Installation, watch: Watch
) -> None:
    watch.allow("404")  # rows without bytes have no thumbnails
    services = installation.services
    project = projects.create(services, user=OPERATOR, name="leaky", classes=("red", "blue"))
    labelled.add(services, project, 1, side="train", phash=0)
    labelled.add(services, project, 2, side="train", phash=0b111111)
    labelled.add(services, project, 3, side="test", phash=0b111111_111111)  # near the second, far from the first
    page = open_page("/p/leaky/insights", role="admin")
    panel = page.get_by_role("region", name="Duplicates and leaks")
    expect(panel.get_by_role("heading", name="On two sides")).to_be_visible()
    panel.get_by_role("button", name="Fix the split").click()
    page.get_by_role("dialog").get_by_role("button", name="Move 1 picture").click()
    expect(panel.get_by_role("button", name="Fix the split")).to_have_count(0)
    expect(panel).to_contain_text("No held-out picture has a copy on an earlier side.")
