"""Every page as axe-core sees it in both themes, and none that scrolls sideways on a phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests import tiny
from tests.browser.driving import Theme, settle
from tests.browser.installed import Installation
from tests.browser.marked import Marked, marked
from tests.browser.watching import axe
from tests.e2e.running import finished

OpenPage = Callable[..., Page]
TRAINING = {"backbone": "test_resnet", "weights": "none", "input_size": 32, "epochs": 2, "precision": "fp32"}
EACH = 14
PAGES = (
    "/", "/new", "/jobs", "/jobs/{job}", "/account", "/admin", "/admin/storage", "/status", "/nowhere",
    "/p/{project}", "/p/{project}?tab=red&sort=confidence", "/p/{project}?search=nothing-like-this",
    "/p/{project}/upload", "/p/{project}/trash", "/p/{project}/images/{image}", "/p/{project}/review",
    "/p/{project}/insights", "/p/{project}/report",
    "/p/{project}/models", "/p/{project}/models/2", "/p/{project}/models/compare?a=1&b=2", "/p/{project}/train",
    "/p/{project}/runs/{run}", "/p/{project}/jobs", "/p/{project}/settings",
    "/p/{project}/cascade", "/p/{project}/search", "/p/{project}/drift", "/p/{project}/wanted",
    "/p/{project}/snapshots", "/admin/notices",
)  # fmt: skip
MARKED = (
    "", "?tab=nothing", "/upload", "/review", "/review?by=disagreement", "/insights", "/report", "/models", "/train",
    "/settings", "/images/{image}",
)  # fmt: skip
EMPTY = (
    "",
    "/review",
    "/insights",
    "/models",
    "/train",
    "/jobs",
    "/trash",
    "/upload",
    "/cascade",
    "/search",
    "/drift",
    "/snapshots",
)


@dataclass(frozen=True)
class Taught:
    """A project with two versions, labelled pictures of which one is in the trash, and what its addresses need."""

    project: str
    image: str
    job: str
    run: str

    def address(self, page: str) -> str:
        return page.format(project=self.project, image=self.image, job=self.job, run=self.run)


@pytest.fixture(scope="session")
def taught(installation: Installation) -> Taught:
    """Two trainings on a few pictures, one of them corrected."""
    name = installation.project(each=EACH)
    root = f"/api/v1/projects/{name}"
    with installation.client() as ada:
        found = ada.get(f"{root}/images?limit=500").json()["items"]
        for colour in tiny.COLOURS:
            mine = [one["id"] for one in found if one["name"].startswith(colour)]
            ada.post(f"{root}/images/bulk", json={"action": "label", "value": colour, "image_ids": mine})
        ada.put(f"/api/v1/images/{found[0]['id']}/label", json={"value": "blue"})
        ada.delete(f"/api/v1/images/{found[1]['id']}")
        job = finished(ada, ada.post(f"{root}/trainings", json={"family": "transfer", "params": TRAINING}))
        run = ada.get(f"{root}/runs").json()["items"][0]
    return Taught(project=name, image=found[0]["id"], job=job["id"], run=run["id"])


@pytest.fixture(scope="session")
def bare(installation: Installation) -> str:
    """A project with classes and nothing else."""
    name = "bare"
    with installation.client() as ada:
        ada.post("/api/v1/projects", json={"name": name, "classes": ["red", "blue"]})
    return name


@pytest.fixture(scope="session")
def cracked(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Marked:
    """A project of masks with a model, of which a person has corrected one."""
    found = marked(installation, tmp_path_factory.mktemp("marked"))
    found.draw(0, seed=1)
    return found


def looked_at(page: Page) -> list[str]:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settle(page)
    return axe(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_on_a_page_with_data(open_page: OpenPage, taught: Taught, path: str, theme: Theme) -> None:
    page = open_page(taught.address(path), role="admin", theme=theme)
    assert looked_at(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", EMPTY)
def test_axe_finds_nothing_on_an_empty_page(open_page: OpenPage, bare: str, path: str, theme: Theme) -> None:
    page = open_page(f"/p/{bare}{path}", role="admin", theme=theme)
    assert looked_at(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/login", "/register"])
def test_axe_finds_nothing_before_signing_in(open_page: OpenPage, path: str, theme: Theme) -> None:
    assert looked_at(open_page(path, theme=theme)) == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_on_a_phone(open_page: OpenPage, taught: Taught, path: str) -> None:
    page = open_page(taught.address(path), role="admin", phone=True)
    assert looked_at(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", MARKED)
def test_axe_finds_nothing_on_a_page_of_masks(open_page: OpenPage, cracked: Marked, path: str, theme: Theme) -> None:
    page = open_page(cracked.root + path.format(image=cracked.images[0]), role="admin", theme=theme)
    assert looked_at(page) == []


@pytest.mark.parametrize("path", MARKED)
def test_no_page_of_masks_scrolls_sideways_on_a_phone(open_page: OpenPage, cracked: Marked, path: str) -> None:
    page = open_page(cracked.root + path.format(image=cracked.images[0]), role="admin", phone=True)
    assert looked_at(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
