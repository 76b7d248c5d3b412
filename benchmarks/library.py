"""How the library page feels with 5,000 pictures: headless Chromium on a warm server.

`python -m benchmarks.library --pictures 5000 --rounds 5`
"""

from __future__ import annotations

import csv
import gzip
import statistics
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
from playwright.sync_api import Browser, Page, StorageState

from benchmarks import installation
from benchmarks.results import publish
from benchmarks.server import Server
from sightloop.core.ids import new_id
from sightloop.flows import accounts, importing
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from tests import tiny
from tests.browser import driving

PATH = "/p/paint"
THUMBNAIL = "[data-testid=grid] img[data-image-id]"
LABELLED_EVERY = 4
PIXELS_PER_FRAME = 60
FRAMES = 300
FIRST = """
globalThis.firstThumbnail = new Promise((found, failed) => {
  setTimeout(() => failed(new Error('no thumbnail in 30 s')), 30000)
  document.addEventListener('load', (event) => {
    if (event.target.matches?.('THUMBNAIL'))
      requestAnimationFrame(() => requestAnimationFrame(() => found(performance.now())))
  }, true)
})
""".replace("THUMBNAIL", THUMBNAIL)
SCROLL = """async ([selector, step, frames]) => {
  let box = document.querySelector(selector)
  const scrolls = (one) => one.scrollHeight > one.clientHeight && /auto|scroll/.test(getComputedStyle(one).overflowY)
  while (box && !scrolls(box)) box = box.parentElement
  box ??= document.scrollingElement
  const gaps = [], start = box.scrollTop
  let last = await new Promise(requestAnimationFrame), most = 0
  for (let frame = 0; frame < frames; frame++) {
    box.scrollTop += step
    const now = await new Promise(requestAnimationFrame)
    gaps.push(now - last)
    last = now
    if (frame % 10 === 0) most = Math.max(most, document.querySelectorAll('*').length)
  }
  return { gaps, nodes: most, moved: box.scrollTop - start }
}"""
SWITCH = """async ([selector, name]) => {
  const shown = () => [...document.querySelectorAll(selector)]
  const before = new Set(shown().map((one) => one.dataset.imageId))
  const began = performance.now()
  const tab = [...document.querySelectorAll('[role=tab]')].find((one) => one.textContent.trim().startsWith(name))
  tab.click()
  const fresh = (one) => !before.has(one.dataset.imageId) && one.complete && one.naturalWidth > 0
  while (!shown().some(fresh)) {
    if (performance.now() - began > 30000) throw new Error(`nothing new in the tab ${name}`)
    await new Promise(requestAnimationFrame)
  }
  return performance.now() - began
}"""
SCRIPTS = "() => performance.getEntriesByType('resource').map((one) => one.name).filter((one) => one.endsWith('.js'))"


@click.command()
@click.option("--pictures", "count", default=5000, show_default=True)
@click.option("--rounds", default=5, show_default=True)
def main(count: int, rounds: int) -> None:
    """Fill a library, then open, scroll and switch it `rounds` times."""
    with tempfile.TemporaryDirectory() as folder:
        data, email = Path(folder), f"{new_id()}@example.org"
        with installation.opened(data) as services:
            accounts.add_user(services, email=email, name="Bench", password=installation.PASSWORD, role="admin")
            fill(services, count)
        server = Server(data)
        server.start()
        try:
            with driving.chromium() as browser:
                session = driving.session(browser, server.url, email=email, password=installation.PASSWORD)
                look(browser, server.url, session)  # warms the server
                rows = [{"round": number, **look(browser, server.url, session)} for number in range(rounds)]
        finally:
            server.stop()
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0] if name != "round"}
    publish("library", [*rows, {"round": "median", **middle}], notes={"pictures": count, "viewport": driving.DESKTOP})


def fill(services: Services, count: int) -> None:
    """The project "paint" with `count` small pictures, a quarter labelled, the rest answered by a live model."""
    installation.colours(services)
    folder = services.data / "drawn"
    folder.mkdir()
    names = list(tiny.COLOURS)
    with (folder / "dataset.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("filepath", "label"))
        for number in range(count):
            colour = names[number % len(names)]
            path = folder / f"{colour}-{number:05d}.jpg"
            path.write_bytes(tiny.picture(colour, seed=number, width=96, height=72))
            table.writerow((path.name, colour if number % LABELLED_EVERY == 0 else ""))
    job = importing.start(services, user=OPERATOR, name="paint", path=folder / "dataset.csv")
    done = tiny.run(services, job)
    if done.state != "done":
        raise RuntimeError(done.error)


def look(browser: Browser, url: str, session: StorageState) -> dict[str, Any]:
    """One visit with an empty cache: milliseconds, elements, and bytes of our own JavaScript as they travel."""
    context = browser.new_context(base_url=url, storage_state=session, **driving.DESKTOP)
    context.add_init_script(FIRST)
    page = context.new_page()
    page.goto(PATH)
    first = page.evaluate("globalThis.firstThumbnail")
    driving.settle(page)
    scripts = [name.rpartition("/")[2] for name in page.evaluate(SCRIPTS)]
    packed = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in driving.BUILT.rglob("*.js")}
    scrolled = page.evaluate(SCROLL, [THUMBNAIL, PIXELS_PER_FRAME, FRAMES])
    found = {
        "first_thumbnail_ms": first,
        "scroll_p95_ms": float(np.percentile(scrolled["gaps"], 95)),
        "scrolled_pixels": scrolled["moved"],
        "dom_nodes": scrolled["nodes"],
        "tab_switch_ms": statistics.median(_switches(page)),
        "js_first_load_bytes": sum(packed[name] for name in scripts),
        "js_all_bytes": sum(packed.values()),
    }
    context.close()
    return found


def _switches(page: Page) -> list[float]:
    """Milliseconds from the first click on each tab until one of its pictures stands there; each from rest."""
    page.evaluate("scrollTo(0, 0)")
    found = []
    for name in tiny.COLOURS:
        driving.settle(page)
        found.append(page.evaluate(SWITCH, [THUMBNAIL, name]))
    return found


if __name__ == "__main__":
    main()
