"""Jobs: stopping one and trying it again, the list by state, and a page that outlives its server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.installed import Installation
from tests.browser.test_models import labelled
from tests.browser.watching import Watch

OpenPage = Callable[..., Page]
ENDLESS = {
    "backbone": "test_resnet",
    "weights": "none",
    "input_size": 32,
    "epochs": 1000,
    "patience": 0,
    "precision": "fp32",
}


@pytest.fixture
def name(installation: Installation) -> str:
    """A project that can be trained."""
    return labelled(installation, each=8, model=False)


def start(installation: Installation, name: str) -> str:
    """Begin a training that takes longer than anybody waits."""
    with installation.client("maintainer") as milo:
        answer = milo.post(f"/api/v1/projects/{name}/trainings", json={"family": "transfer", "params": ENDLESS})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_label("State").get_by_text("cancelled", exact=True)).to_be_visible(timeout=60_000)


def test_a_running_job_shows_its_curves_and_is_cancelled_and_tried_again_from_its_page(
    open_page: OpenPage, installation: Installation, name: str
) -> None:
    first = start(installation, name)
    page = open_page(f"/jobs/{first}", role="maintainer")
    expect(page.get_by_text("step 2 of 5: train", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name="Loss")).to_be_visible(timeout=60_000)
    cancel(page)
    expect(page.get_by_text("stopped in step 2 of 5: train")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url(lambda url: "/jobs/" in url and first not in url)
    cancel(page)


def test_the_list_of_jobs_keeps_its_state_in_the_address(
    open_page: OpenPage, installation: Installation, name: str
) -> None:
    job = start(installation, name)
    page = open_page(f"/p/{name}/jobs", role="maintainer")
    page.get_by_role("button", name="Cancel Training").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
    jobs = page.get_by_role("list", name="Jobs")
    expect(jobs.get_by_text("cancelled", exact=True)).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="cancelled").click()
    expect(page).to_have_url(f"{installation.url}/p/{name}/jobs?state=cancelled")
    page.reload()
    expect(page.get_by_role("link", name="Training · transfer")).to_have_attribute("href", f"/jobs/{job}")
    page.get_by_role("link", name="done").click()
    expect(page.get_by_role("link", name="Training · transfer")).to_have_count(0)


def test_a_job_stays_in_view_while_the_server_is_away_and_goes_on_when_it_is_back(
    open_page: OpenPage, installation: Installation, watch: Watch, name: str
) -> None:
    watch.allow("ERR_CONNECTION_REFUSED")
    page = open_page(f"/jobs/{start(installation, name)}", role="maintainer")
    expect(page.get_by_text("step 2 of 5: train", exact=True)).to_be_visible(timeout=60_000)
    page.route("**/api/**", lambda route: route.abort("connectionrefused"))
    expect(page.get_by_text("The server does not answer – trying again")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("heading", name="Training · transfer")).to_be_visible()
    page.unroute("**/api/**")
    expect(page.get_by_text("The server does not answer")).to_have_count(0, timeout=15_000)
    cancel(page)
