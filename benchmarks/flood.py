"""Uploads under one client file name from 50 connections, with kill -9 of everything in the middle.

`python -m benchmarks.flood --uploads 2000 --connections 50 --kills 3`: every acknowledged picture must be there
afterwards, once per content, with the right answer, and `sightloop check` must find nothing.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks import installation
from benchmarks.client import Request, Tally, flood, post_file
from benchmarks.results import publish
from benchmarks.server import Server
from sightloop.flows import checking
from sightloop.store import images, projects
from sightloop.store.images import Filters
from tests import tiny

SETTLE_SECONDS = 15.0  # the class folders follow, and what was left pending is answered
PATH = "/api/v1/projects/paint/images"


class Acknowledged:
    """What the server said it has: image id and answer by content."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}
        self.wrong: list[str] = []

    def __call__(self, request: Request, status: int, body: Any) -> None:
        if status >= 300 or body["files"][0]["outcome"] == "failed":
            self.wrong.append(f"{status}: {str(body)[:200]}")
            return
        key, colour = request.note
        image = body["files"][0]["image"]
        if image["predicted"] not in (None, colour):
            self.wrong.append(f"{colour} answered as {image['predicted']}")
        self.found[key] = (image["id"], colour)


def requests(count: int, token: str) -> list[Request]:
    """`count` different pictures, all called photo.jpg."""
    names = list(tiny.COLOURS)
    return [
        post_file(
            PATH,
            tiny.picture(names[seed % 3], seed=seed, width=320, height=240),
            token=token,
            note=(str(seed), names[seed % 3]),
        )
        for seed in range(count)
    ]


@click.command()
@click.option("--uploads", default=2000, show_default=True)
@click.option("--connections", default=50, show_default=True)
@click.option("--kills", default=3, show_default=True)
def main(uploads: int, connections: int, kills: int) -> None:
    """Flood a real server with uploads, then again while it is killed."""
    rows = []
    for name, deaths in (("undisturbed", 0), ("killed", kills)):
        with tempfile.TemporaryDirectory() as folder:
            rows.append({"run": name, **_run(Path(folder), uploads, connections, deaths)})
    publish("flood", rows)


def _run(data: Path, uploads: int, connections: int, kills: int) -> dict[str, Any]:
    with installation.opened(data) as services:
        installation.colours(services)
        token = installation.token(services)
    server, acknowledged = Server(data, worker=True), Acknowledged()
    waiting = requests(uploads, token)
    server.start()
    tally = _send(server, waiting, connections, kills, acknowledged)
    missing = [one for one in waiting if one.note[0] not in acknowledged.found]
    for _ in range(kills and 5):
        if missing:
            asyncio.run(flood(server.port, missing, connections=connections, answered=acknowledged))
            missing = [one for one in waiting if one.note[0] not in acknowledged.found]
    time.sleep(SETTLE_SECONDS)
    server.stop()
    return {**tally.row(), "kills": kills, **_verdict(data, acknowledged, uploads)}


def _send(
    server: Server, waiting: Sequence[Request], connections: int, kills: int, acknowledged: Acknowledged
) -> Tally:
    over = threading.Event()

    def kill() -> None:
        for _ in range(kills):
            if over.wait(random.uniform(1.5, 3.0)):
                return
            server.kill()
            server.start()

    killer = threading.Thread(target=kill)
    killer.start()
    tally = Tally()
    left = list(waiting)
    while left:
        part = asyncio.run(flood(server.port, left, connections=connections, answered=acknowledged))
        tally.statuses += part.statuses
        tally.seconds += part.seconds
        tally.lost += part.lost
        tally.wall += part.wall
        left = [one for one in left if one.note[0] not in acknowledged.found] if kills else []
        time.sleep(0.2 if left else 0)
    over.set()
    killer.join()
    return tally


def _verdict(data: Path, acknowledged: Acknowledged, uploads: int) -> dict[str, Any]:
    with installation.opened(data) as services:
        with services.db.connect() as db:
            project = projects.get(db, "paint")
            there = {image.id: image for image in images.stream(db, project.id, filters=Filters())}
        report = checking.check(services, repair=False)
        lost = [one for one, _ in acknowledged.found.values() if one not in there]
        contents = {image.sha256 for image in there.values()}
        wrong = [
            image_id
            for image_id, colour in acknowledged.found.values()
            if image_id in there and there[image_id].predicted not in (None, colour)
        ]
    return {
        "acknowledged": len(acknowledged.found),
        "lost_pictures": len(lost),
        "stored": len(there),
        "contents": len(contents),
        "wrong_answers": len(wrong) + len(acknowledged.wrong),
        "unanswered": sum(image.predicted is None for image in there.values()),
        "check": "clean" if report["ok"] else "; ".join(report["lines"]),
        "expected": uploads,
    }


if __name__ == "__main__":
    main()
