"""Take the README's pictures of the web page, of the demo's projects; `make screenshots`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
import httpx
from playwright.sync_api import Browser, StorageState

from sightloop import wiring
from sightloop.flows import accounts, demo
from sightloop.settings import Settings
from sightloop.vision import encode
from sightloop.vision.decode import decode
from tests.browser import driving
from tests.browser.driving import PHONE, Theme, Viewport
from tests.e2e.running import serving, until

WIDE: Viewport = {"viewport": {"width": 1440, "height": 900}}


class Shot(NamedTuple):
    """One picture; in its path `{image}`, `{corrected}` and `{crack}` are pictures with an answer, one corrected."""

    name: str
    path: str
    theme: Theme = "light"
    viewport: Viewport = WIDE


SHOTS = (
    Shot("projects", "/"),
    Shot("library", "/p/specimens"),
    Shot("library-dark", "/p/specimens", "dark"),
    Shot("library-phone", "/p/specimens", viewport=PHONE),
    Shot("picture", "/p/specimens/images/{image}"),
    Shot("review", "/p/specimens/review"),
    Shot("insights", "/p/specimens/insights"),
    Shot("models", "/p/specimens/models"),
    Shot("version", "/p/specimens/models/champion"),
    Shot("train", "/p/specimens/train"),
    Shot("cracks", "/p/cracks"),
    Shot("crack", "/p/cracks/images/{crack}?lines=true"),
    Shot("crack-editor-dark", "/p/cracks/images/{crack}?edit=true", "dark"),
    Shot("report", "/p/cracks/report"),
    Shot("jobs", "/jobs"),
    Shot("status-dark", "/status", "dark"),
)
FOLDER = Path(__file__).parent / "screenshots"
DEMO = Path(tempfile.gettempdir()) / "sightloop-screenshots" / "data"
CORRECTED = DEMO.parent / "corrected"
PASSWORD = "a password for screenshots"  # noqa: S105
OVER = ("done", "failed", "cancelled")
LARGEST = 200_000  # bytes
LEFT_OPEN = 95  # unverified pictures that are left for the review queue


@click.command()
@click.argument("names", nargs=-1)
@click.option("--scale", default=1.0, show_default=True, help="Of the demo's pictures, where it is made anew.")
def main(names: tuple[str, ...], scale: float) -> None:
    """Take the pictures called NAMES, or all; the demo's data folder is kept in the temp folder for the next time."""
    prepare(scale)
    FOLDER.mkdir(exist_ok=True)
    with serving(DEMO, worker=True) as running, driving.chromium() as browser:
        session = driving.session(browser, running.url, email=demo.ADMIN, password=PASSWORD)
        places = work(running.url)
        for shot in SHOTS:
            if not names or shot.name in names:
                taken = take(browser, running.url, shot, session=session, places=places)
                (FOLDER / f"{shot.name}.webp").write_bytes(taken)
                click.echo(f"{shot.name}.webp: {len(taken) >> 10} KiB")


def prepare(scale: float) -> None:
    """Train the demo's models, unless that is done, and give its administrator our password."""
    DEMO.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sightloop", "--data", str(DEMO), "demo", "--no-serve", "--scale", str(scale)]
    subprocess.run(command, check=True)
    services = wiring.build(Settings(data=DEMO, workers=1))
    accounts.reset_password(services, email=demo.ADMIN, new=PASSWORD)
    services.close()


def work(url: str) -> dict[str, str]:
    """Say of some pictures what their names tell, once; gives one that nobody verified, one corrected, one cracked."""
    with httpx.Client(base_url=f"{url}/api/v1", headers={"X-Sightloop": "1"}, timeout=60) as client:
        client.post("/auth/login", json={"email": demo.ADMIN, "password": PASSWORD}).raise_for_status()
        until(lambda: all(job["state"] in OVER for job in _items(client, "/jobs")))
        images = "/projects/specimens/images"
        open_ones = _items(client, images, verified=False)
        for image in open_ones[1::4] if len(open_ones) > LEFT_OPEN else []:
            body = {"value": image["name"].rpartition("-")[0], "revision": image["revision"]}
            client.put(f"/images/{image['id']}/label", json=body).raise_for_status()
        corrected = _items(client, images, corrected=True)
        cracks = [one for one in _items(client, "/projects/cracks/images", verified=False) if one["shown"] == "crack"]
        return {"image": open_ones[0]["id"], "corrected": corrected[0]["id"], "crack": cracks[0]["id"]}


def _items(client: httpx.Client, path: str, **filters: bool) -> list[dict[str, Any]]:
    answer = client.get(path, params={name: str(value).lower() for name, value in filters.items()})
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def take(browser: Browser, url: str, shot: Shot, *, session: StorageState, places: Mapping[str, str]) -> bytes:
    """The picture as WebP of at most `LARGEST` bytes."""
    context = browser.new_context(
        base_url=url, storage_state=session, color_scheme=shot.theme, reduced_motion="reduce", **shot.viewport
    )
    page = context.new_page()
    page.goto(shot.path.format_map(places))
    driving.settle(page)
    pixels = decode(page.screenshot())
    context.close()
    packed = (encode.webp(pixels, quality=quality) for quality in (90, 80, 65, 50, 35))
    return next(one for one in packed if len(one) <= LARGEST)


if __name__ == "__main__":
    main()
