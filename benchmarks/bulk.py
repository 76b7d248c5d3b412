"""Bulk work: a 5,000-picture import with flat memory, insights over 25,000 rows, a ZIP of 5,000 pictures.

`python -m benchmarks.bulk --pictures 5000 --rows 25000`
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import psutil

from benchmarks import installation
from benchmarks.results import publish
from benchmarks.server import Server, peak_memory
from sightloop.core.entities import Image, Job, Progress
from sightloop.core.ids import new_id
from sightloop.flows import importing, insights, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.samples import specimens
from sightloop.store import images
from sightloop.vision.examine import examine
from tests import tiny

DRAWN = 300  # distinct drawings; the others differ in one corner, which is enough to be other pictures


@click.command()
@click.option("--pictures", default=5000, show_default=True)
@click.option("--rows", default=25_000, show_default=True)
def main(pictures: int, rows: int) -> None:
    """Measure import, ZIP and insights one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        data, source = Path(folder) / "data", Path(folder) / "pictures"
        _draw(source, pictures)
        with installation.opened(data) as services:
            found = [_import(services, source, pictures)]
            token = installation.token(services)
        found.append(_download(data, token, pictures))
        with installation.opened(data) as services:
            found.append(_insights(services, rows))
    publish("bulk", found)


def _draw(folder: Path, count: int) -> None:
    names = specimens.CLASSES
    base = [specimens.draw(names[seed % len(names)], seed=seed, size=384) for seed in range(min(count, DRAWN))]
    from sightloop.vision import encode

    for number in range(count):
        pixels = base[number % len(base)].copy()
        pixels[:8, :8] = (number % 256, number // 256 % 256, 128)
        name = names[number % len(base) % len(names)]
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{number}.jpg").write_bytes(encode.jpeg(pixels, quality=90))


def _import(services: Services, source: Path, count: int) -> dict[str, Any]:
    limit = _limit(source)
    projects.create(services, user=OPERATOR, name="many")
    memory: list[tuple[float, int]] = []
    job = importing.start(services, user=OPERATOR, name="many", path=source)
    began = time.monotonic()
    done = _followed(services, job, memory)
    seconds = time.monotonic() - began
    early = max(rss for share, rss in memory if share < 0.3)
    late = max(rss for share, rss in memory if share > 0.7)
    return {
        "what": f"import of {count}",
        "state": done.state,
        "per_second": count / seconds,
        "of_limit": count / seconds / limit,
        "rss_first_third_mb": early / 1e6,
        "rss_last_third_mb": late / 1e6,
    }


def _limit(source: Path) -> float:
    """Pictures per second of looking at them and writing them down durably, one thread per core."""
    files = sorted(source.rglob("*.jpg"))[:400]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:

        def one(path: Path) -> None:
            import os

            data = path.read_bytes()
            examine(data)
            with (Path(folder) / path.name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

        began = time.monotonic()
        list(pool.map(one, files))
        return len(files) / (time.monotonic() - began)


def _followed(services: Services, job: Job, memory: list[tuple[float, int]]) -> Job:
    from sightloop.flows import jobs
    from sightloop.flows.carry import Reporter, carry

    claimed = jobs.claim(services, worker="bench", job_id=job.id)
    assert claimed is not None
    reporter = Reporter(services, claimed, lease=600, stopping=lambda: False)
    process, plain = psutil.Process(), reporter.__class__.__call__

    class Watching(Reporter):
        def __call__(self, progress: Progress) -> None:
            memory.append((progress.done / max(1, progress.total), process.memory_info().rss))
            plain(self, progress)

    carry(services, claimed, report=Watching(services, claimed, lease=600, stopping=lambda: False))
    return jobs.show(services, user=OPERATOR, job_id=job.id)


def _download(data: Path, token: str, count: int) -> dict[str, Any]:
    server = Server(data)
    server.start()
    request = urllib.request.Request(
        f"{server.url}/api/v1/projects/many/export", headers={"Authorization": f"Bearer {token}"}
    )
    size = 0
    began = time.monotonic()
    with peak_memory(server) as memory, urllib.request.urlopen(request) as answer:
        while piece := answer.read(1 << 20):
            size += len(piece)
    seconds = time.monotonic() - began
    server.stop()
    return {"what": f"ZIP of {count}", "mb": size / 1e6, "seconds": seconds, "peak_rss_mb": max(memory) / 1e6}


def _insights(services: Services, rows: int) -> dict[str, Any]:
    project = projects.create(services, user=OPERATOR, name="rows", classes=tuple(tiny.COLOURS))
    with services.db.connect() as db:
        model = next(iter(images.stream(db, projects.show(services, user=OPERATOR, name="many")["id"])))
    for start in range(0, rows, 1000):
        with services.db.begin() as db:
            images.add_many(db, [_row(project.id, model, start + offset) for offset in range(min(1000, rows - start))])
    seconds = []
    for _ in range(50):
        began = time.perf_counter()
        insights.insights(services, user=OPERATOR, project="rows")
        seconds.append(time.perf_counter() - began)
    return {"what": f"insights over {rows}", "median_ms": sorted(seconds)[25] * 1000}


def _row(project_id: str, model: Image, number: int) -> Image:
    return dataclasses.replace(
        model,
        id=new_id(),
        project_id=project_id,
        sha256=f"{number:064x}",
        name=f"{number}.jpg",
        width=600 + number % 400,
        height=400 + number % 300,
        label=list(tiny.COLOURS)[number % 3],
        group_id=None,
        revision=1,
    )


if __name__ == "__main__":
    main()
