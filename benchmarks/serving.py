"""Requests per second on `predict` against the in-process limit, with and without swapping the live model.

`python -m benchmarks.serving --connections 1,8,32,200 --requests 2000`
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from benchmarks import installation
from benchmarks.client import Request, flood, post_file
from benchmarks.results import publish
from benchmarks.server import Server, peak_memory
from sightloop import bundles
from sightloop.flows import models
from sightloop.flows.access import OPERATOR
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.samples import specimens
from sightloop.vision import encode
from sightloop.vision.decode import decode

PATH = "/api/v1/projects/bench/predict"
PICTURES = 32
WIDTH, HEIGHT = 500, 375


@click.command()
@click.option("--connections", default="1,32,200", show_default=True)
@click.option("--requests", "count", default=2000, show_default=True)
@click.option("--backbone", default="mobilenetv3_small_100", show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(connections: str, count: int, backbone: str, rounds: int) -> None:
    """Measure the limit and the server in turn, forward and backward."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with installation.opened(data) as services:
            installation.trained(services, name="bench", backbone=backbone)
            installation.copied(services, name="bench")
            token = installation.token(services)
            pictures = _pictures()
            model = _bundle(services)
        rows = _rounds(data, pictures, model, token, [int(one) for one in connections.split(",")], count, rounds)
    publish("serving", rows, notes={"backbone": backbone, "picture": f"{WIDTH}x{HEIGHT} JPEG"})


def _pictures() -> list[bytes]:
    drawn = [
        specimens.draw(specimens.CLASSES[seed % len(specimens.CLASSES)], seed=seed, size=WIDTH)[:HEIGHT]
        for seed in range(PICTURES)
    ]
    return [encode.jpeg(pixels, quality=90) for pixels in drawn]


def _bundle(services: Services) -> Path:
    listed = models.listing(services, user=OPERATOR, name="bench")
    return unpacked(services, next(row["bundle"] for row in listed if row["alias"] == "champion"))


def _rounds(
    data: Path, pictures: list[bytes], model: Path, token: str, connections: list[int], count: int, rounds: int
) -> list[dict[str, Any]]:
    wires = [post_file(PATH, pictures[index % len(pictures)], token=token) for index in range(count)]
    rows = []
    for number in range(rounds):
        order = connections if number % 2 == 0 else connections[::-1]
        limit = _limit(model, pictures, count)
        rows.append({"round": number, "what": "limit in process", "per_second": limit})
        rows += [{"round": number, "what": f"{one} connections", **_serve(data, wires, one, limit)} for one in order]
    rows.append({"round": rounds, "what": "200 connections, swapping", **_serve(data, wires, 200, limit, swap=True)})
    return rows


def _limit(model: Path, pictures: list[bytes], count: int) -> float:
    """Pictures per second of decode and inference alone, one thread per core."""
    predictor = bundles.load(model)

    def one(index: int) -> None:
        predictor.predict([decode(pictures[index % len(pictures)], shrink_to=predictor.input_size)])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(50)))
        began = time.monotonic()
        list(pool.map(one, range(count)))
        return count / (time.monotonic() - began)


def _serve(data: Path, wires: list[Request], connections: int, limit: float, *, swap: bool = False) -> dict[str, Any]:
    server = Server(data)
    server.start()
    asyncio.run(flood(server.port, wires[:100], connections=min(connections, 8)))
    before = server.cpu_seconds()
    over = threading.Event()
    swapper = threading.Thread(target=_swap, args=(data, over)) if swap else None
    if swapper:
        swapper.start()
    with peak_memory(server) as memory:
        tally = asyncio.run(flood(server.port, wires, connections=connections))
    over.set()
    if swapper:
        swapper.join()
    cpu = (server.cpu_seconds() - before) / len(wires)
    server.stop()
    row = tally.row()
    return {
        **row,
        "of_limit": row["per_second"] / limit,
        "cpu_ms": cpu * 1000,
        "memory_mb": max(memory) / 1e6,
        "start_s": server.started_seconds,
    }


def _swap(data: Path, over: threading.Event) -> None:
    with installation.opened(data) as services:
        while not over.wait(1.5):
            models.promote(services, user=OPERATOR, name="bench", ref="previous", reason="swap", force=True)


if __name__ == "__main__":
    main()
