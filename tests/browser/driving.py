"""Chromium on a real server: how it is started, who is signed in, and when a page has come to rest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

ROOT = Path(__file__).parent.parent.parent
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
BUILT = ROOT / "sightloop" / "web" / "static" / "app"
Theme = Literal["light", "dark"]
Viewport = Mapping[str, Any]
DESKTOP: Viewport = {"viewport": {"width": 1280, "height": 800}}
PHONE: Viewport = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
PATIENCE = 15_000  # milliseconds
REST = """async (patience) => {
  await document.fonts.ready
  const end = performance.now() + patience
  const inView = () => [...document.images].filter((one) => one.getBoundingClientRect().top < innerHeight)
  const busy = () => document.querySelector('[aria-busy=true]') || inView().some((one) => !one.complete)
  while (busy()) {
    if (performance.now() > end) throw new Error('the page does not come to rest')
    await new Promise(requestAnimationFrame)
  }
}"""


def program() -> str | None:
    """Where Chromium is; None where it is not installed."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium that never calls home."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=ARGUMENTS)
        yield browser
        browser.close()


def session(browser: Browser, url: str, *, email: str, password: str) -> StorageState:
    """The cookies of a new session."""
    context = browser.new_context(base_url=url, extra_http_headers={"X-Sightloop": "1"})
    answer = context.request.post("/api/v1/auth/login", data={"email": email, "password": password})
    assert answer.ok, answer.text()
    found = context.storage_state()
    context.close()
    return found


def settle(page: Page) -> None:
    """Wait until nothing is asked of the server for half a second and what is in view has been drawn.

    `page.wait_for_function` needs `unsafe-eval` in the page's policy; a script that waits by itself does not.
    """
    page.wait_for_load_state("networkidle")
    page.evaluate(REST, PATIENCE)
