"""A crack in one browser: uploaded, seen, corrected with the brush, learnt from at the tenth correction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from sightloop.core.arrays import Mask
from sightloop.flows import accounts, importing, training
from sightloop.flows.access import OPERATOR
from sightloop.vision import encode, masks
from tests import tiny, tiny_masks
from tests.browser.driving import DESKTOP
from tests.browser.watching import Watch
from tests.e2e.running import Running, opened, serving, until
from tests.web.people import PASSWORD

pytest.importorskip("torch")

EMAIL = "ana@example.org"
TAUGHT, NEW = 40, 10
FIRST = 100  # the seed of the first picture that nobody has drawn on
SETTINGS = {
    "backbone": "plain", "weights": "none", "width": 4, "tile": 32, "tiles": 2, "batch": 8, "epochs": 6, "lr": 0.01,
    "input_size": 64, "precision": "fp32",
}  # fmt: skip
MINUTES = 60_000  # milliseconds


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A server whose live model learnt to find red."""
    data = tmp_path / "data"
    with opened(data) as services:
        services.db.migrate()
        accounts.add_user(services, email=EMAIL, name="Ana", password=PASSWORD, role="admin")
        tiny_masks.project(services)
        folder = tiny_masks.folder(tmp_path / "taught", TAUGHT)
        tiny.run(services, importing.start(services, user=OPERATOR, name="cracks", path=folder))
        job = tiny.run(services, training.start(services, user=OPERATOR, name="cracks", params=SETTINGS))
        assert job.state == "done", job.error
    with serving(data, worker=True) as server:
        yield server


@pytest.fixture
def page(chromium: Browser, running: Running) -> Iterator[Page]:
    watch = Watch(running.url)
    context = chromium.new_context(base_url=running.url, reduced_motion="reduce", **DESKTOP)
    watch.follow(context)
    found = context.new_page()
    found.set_default_timeout(60_000)
    found.goto("/")
    found.get_by_label("E-mail").fill(EMAIL)
    found.get_by_label("Password").fill(PASSWORD)
    found.get_by_role("button", name="Sign in").click()
    expect(found.get_by_role("link", name=re.compile("cracks", re.IGNORECASE)).first).to_be_visible()
    yield found
    context.close()
    assert watch.found() == []


@pytest.fixture
def api(running: Running) -> Iterator[httpx.Client]:
    """What a program of the same person sees."""
    with running.client() as client:
        body = {"email": EMAIL, "password": PASSWORD}
        assert client.post("/api/v1/auth/login", json=body).status_code == 200
        yield client


def test_a_tenth_correction_makes_a_new_version_with_its_evaluation(
    page: Page, api: httpx.Client, tmp_path: Path
) -> None:
    upload(page, tmp_path)
    ids = answered(api)
    for seed in range(FIRST + 1, FIRST + NEW):
        corrected_elsewhere(api, ids[f"{seed}.png"], seed)
    page.goto("/p/cracks/train")
    retraining = page.get_by_role("group", name="Retraining")
    expect(retraining).to_contain_text("9 of 10")
    button = retraining.get_by_role("button", name=re.compile("^Retrain(?! anyway)"))
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", re.compile("9 of 10 corrected masks"))
    correct_with_the_brush(page, api, ids[f"{FIRST}.png"])
    page.goto("/p/cracks/train")
    expect(retraining).to_contain_text("10 of 10")
    button.click()
    read_the_new_version(page)


def upload(page: Page, folder: Path) -> None:
    """Ten pictures through the page; each is shown with the mask that was found."""
    folder = folder / "new"
    folder.mkdir()
    for seed in range(FIRST, FIRST + NEW):
        (folder / f"{seed}.png").write_bytes(tiny_masks.picture(seed))
    page.goto("/p/cracks/upload")
    page.locator("input[webkitdirectory]").set_input_files(folder)
    expect(page.get_by_text(f"{NEW} stored + 0 duplicates + 0 failed = {NEW}")).to_be_visible()


def answered(api: httpx.Client) -> dict[str, str]:
    """The ids of the new pictures by name, once each has the model's mask."""

    def look() -> dict[str, str]:
        items = api.get("/api/v1/projects/cracks/images", params={"limit": 500}).json()["items"]
        return {row["name"]: row["id"] for row in items if row["source"] == "upload" and row["certainty"] is not None}

    until(lambda: len(look()) == NEW)
    return look()


def mask_of(api: httpx.Client, image_id: str) -> Mask:
    sent = api.get(f"/api/v1/images/{image_id}/mask", params={"format": "index"})
    return masks.read(sent.content, classes=1, size=(48, 64)).mask


def corrected_elsewhere(api: httpx.Client, image_id: str, seed: int) -> None:
    """Draw a margin round what is red, as a program would."""
    red = tiny_masks.draw(seed)[1]
    wide = np.zeros_like(red)
    rows, columns = red.nonzero()
    wide[rows.min() - 2 : rows.max() + 3, columns.min() - 2 : columns.max() + 3] = 1
    answer = api.put(f"/api/v1/images/{image_id}/mask", content=encode.png(wide))
    assert answer.status_code == 200, answer.text
    assert answer.json()["corrected"]


def correct_with_the_brush(page: Page, api: httpx.Client, image_id: str) -> None:
    """A stroke along the upper edge; after a reload the mask is what was drawn."""
    before = mask_of(api, image_id)
    page.goto(f"/p/cracks/images/{image_id}")
    expect(page.get_by_role("img", name=re.compile("^Mask of"))).to_be_visible()
    page.get_by_role("button", name="No → fix it").click()
    page.get_by_label("Size").fill("1")
    box = page.get_by_role("img", name=f"{FIRST}.png", exact=True).bounding_box()
    assert box is not None
    scale = box["width"] / 64
    page.mouse.move(box["x"] + 5.5 * scale, box["y"] + 1.5 * scale)
    page.mouse.down()
    page.mouse.move(box["x"] + 40.5 * scale, box["y"] + 1.5 * scale, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Save the mask").click()
    expect(page.get_by_text("★ corrected")).to_be_visible()
    page.reload()
    expect(page.get_by_text("★ corrected")).to_be_visible()
    before[1, 5:41] = 1
    assert np.array_equal(mask_of(api, image_id), before)


def read_the_new_version(page: Page) -> None:
    """The job ends with a version that has figures, and the old one stays live until somebody promotes it."""
    expect(page.get_by_role("heading", name=re.compile("Version 2"))).to_be_visible(timeout=2 * MINUTES)
    page.goto("/p/cracks/models/2")
    expect(page.get_by_text("Dice").first).to_be_visible()
    page.goto("/p/cracks/models")
    expect(page.get_by_text("live", exact=True).first).to_be_visible()
