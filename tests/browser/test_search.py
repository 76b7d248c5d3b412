"""A search: its trials on the page while it runs and after, and the version that came of it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.installed import Installation
from tests.browser.test_models import labelled

OpenPage = Callable[..., Page]
JOB = 240_000  # milliseconds
SMALL = {"backbone": "test_resnet", "weights": "none", "input_size": 32, "precision": "fp32"}


def test_the_trials_of_a_search_stand_on_its_page_and_the_best_becomes_a_version(
    open_page: OpenPage, installation: Installation
) -> None:
    name = labelled(installation, each=14, model=False)
    with installation.client() as ada:
        body = {"family": "transfer", "params": SMALL, "trials": 3, "processes": 1, "seed": 1}
        job = ada.post(f"/api/v1/projects/{name}/searches", json=body).json()
    page = open_page(f"/p/{name}/search", role="maintainer")
    page.get_by_role("link", name="transfer").click()
    expect(page).to_have_url(f"{installation.url}/p/{name}/search/{job['id']}")
    expect(page.get_by_role("link", name="Version 1")).to_be_visible(timeout=JOB)
    expect(page.get_by_text("3 of 3")).to_be_visible()
    rows = page.get_by_role("region", name="Trials").get_by_role("row").filter(has=page.get_by_role("rowheader"))
    expect(rows).to_have_count(3)
    expect(page.get_by_role("heading", name="The best so far")).to_be_visible()
