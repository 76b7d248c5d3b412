"""The predecessors' load test, with their flags: one user after another against all at once, for each kind of model.

`SIGHTLOOP_WEIGHTS=../shared/weights python -m benchmarks.load --num_users 10 --requests_per_user 5 --image_path DIR`

Trains a fast and an accurate model on drawn eyes (or on `--data`), puts their certified cascade live on a real server,
and sends it the pictures of `--image_path` (else those that nothing was trained on) in turn, with `model=fast`,
`accurate` and `cascade`. Every figure is the round of the median throughput.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import click

from benchmarks import installation
from benchmarks.cascade import PROJECT, given, imported, trained
from benchmarks.client import Request, flood, post_file
from benchmarks.results import FOLDER, publish
from benchmarks.server import Server
from sightloop.flows import cases, models
from sightloop.flows.access import OPERATOR
from sightloop.samples import write

KINDS = ("fast", "accurate", "cascade")
WAYS = ("regular", "parallel")
WARM = 8
MOST_PICTURES = 200

Rows = list[dict[str, Any]]


@click.command()
@click.option("--num_users", default=10, show_default=True, help="users at once, where they come in parallel")
@click.option("--requests_per_user", default=5, show_default=True)
@click.option("--image_path", type=click.Path(path_type=Path, exists=True), help="a picture, or a folder of pictures")
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="a folder of class folders to train on")
@click.option("--count", default=300, show_default=True, help="drawn pictures per class, where there is no --data")
@click.option("--fast", default="linear:96", show_default=True, help="FAMILY:SIZE[:NAME=VALUE,...]")
@click.option("--accurate", default="linear:224", show_default=True, help="likewise")
@click.option("--epsilon", default=0.05, show_default=True, help="the accuracy that the cascade may lose")
@click.option("--rounds", default=3, show_default=True)
def main(
    num_users: int,
    requests_per_user: int,
    image_path: Path | None,
    data: Path | None,
    count: int,
    fast: str,
    accurate: str,
    epsilon: float,
    rounds: int,
) -> None:
    """Train, serve, ask."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        if data is None:
            data = Path(place) / "drawn"
            write.write_set("eyes", data, count_per_class=count)
        token, certificate, pictures = _prepared(folder, data, [fast, accurate], epsilon)
        pictures = _files(image_path) if image_path else pictures
        rows = _measured(folder, pictures, token, users=num_users, each=requests_per_user, rounds=rounds)
    deferred = 1 - certificate["share_fast"]
    notes = {"fast": fast, "accurate": accurate, "epsilon": epsilon, "deferred_when_certified": deferred}
    publish("load", rows, notes=notes | _gains(rows))
    _plot(rows, FOLDER / "load.svg")


def _prepared(
    folder: Path, data: Path, members: Sequence[str], epsilon: float
) -> tuple[str, Mapping[str, Any], list[bytes]]:
    """A token, the live cascade's certificate, and pictures of the test side."""
    with installation.opened(folder) as services:
        project = imported(services, data)
        for family, params in map(given, members):
            trained(services, family, params)
        made = trained(services, "cascade", {"fast": "1", "accurate": "2", "epsilon": epsilon})
        models.promote(services, user=OPERATOR, name=PROJECT, ref="3", reason="load test", force=True)
        pictures = [case.read() for case in cases.held_out(services, project)[:MOST_PICTURES]]
        return installation.token(services), made.context["trained"]["certificate"], pictures


def _files(path: Path) -> list[bytes]:
    found = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    return [one.read_bytes() for one in found[:MOST_PICTURES]]


def _measured(folder: Path, pictures: Sequence[bytes], token: str, *, users: int, each: int, rounds: int) -> Rows:
    """The rounds in turn, forward and backward; a row for each kind of model and way to ask."""
    runs = [(kind, way) for kind in KINDS for way in WAYS]
    seen: dict[tuple[str, str], Rows] = {run: [] for run in runs}
    server = Server(folder)
    server.start()
    try:
        for number in range(rounds):
            for kind, way in runs if number % 2 == 0 else runs[::-1]:
                wires = _wires(pictures, token, kind, count=users * each)
                seen[kind, way].append(_asked(server, wires, connections=users if way == "parallel" else 1))
    finally:
        server.stop()
    middle = [sorted(found, key=lambda row: float(row["per_second"]))[len(found) // 2] for found in seen.values()]
    return [{"model": kind, "way": way, **row} for (kind, way), row in zip(runs, middle, strict=True)]


def _wires(pictures: Sequence[bytes], token: str, kind: str, *, count: int) -> list[Request]:
    path = f"/api/v1/projects/{PROJECT}/predict?model={kind}"
    return [post_file(path, data, token=token) for data in islice(cycle(pictures), count)]


def _asked(server: Server, wires: Sequence[Request], *, connections: int) -> dict[str, Any]:
    routes: Counter[str] = Counter()
    asyncio.run(flood(server.port, wires[:WARM], connections=1))
    before = server.cpu_seconds()

    def note(_: Request, status: int, body: Any) -> None:
        routes[body["route"] if status == 200 else "failed"] += 1

    tally = asyncio.run(flood(server.port, wires, connections=connections, answered=note))
    spent = (server.cpu_seconds() - before) / len(wires)
    return {**tally.row(), "cpu_ms": 1000 * spent, "deferred": routes["accurate"] / len(wires)}


def _gains(rows: Rows) -> dict[str, str]:
    """What parallel users bring, and what the cascade costs beside its accurate member."""
    by = {(row["model"], row["way"]): row for row in rows}
    found = {
        f"parallel_over_regular_{kind}": by[kind, "parallel"]["per_second"] / by[kind, "regular"]["per_second"]
        for kind in KINDS
    }
    for way in WAYS:
        ratio = by["cascade", way]["per_second"] / by["accurate", way]["per_second"]
        found[f"cascade_over_accurate_{way}"] = ratio
    return {name: f"{value:.2f}" for name, value in found.items()}


def _plot(rows: Rows, target: Path) -> None:
    """Throughput and the middle request's time as grouped bars, as SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    for axes, (key, title) in zip(
        figure.subplots(1, 2), (("per_second", "requests per second"), ("p50_ms", "median time, ms")), strict=True
    ):
        for place, way in enumerate(WAYS):
            heights = [row[key] for row in rows if row["way"] == way]
            bars = axes.bar([one + 0.4 * place - 0.2 for one in range(len(KINDS))], heights, 0.38, label=way)
            axes.bar_label(bars, fmt="%.3g", fontsize=8)
        axes.set_xticks(range(len(KINDS)), KINDS)
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(frameon=False)
    with mpl.rc_context({"svg.hashsalt": "sightloop", "svg.fonttype": "none"}):
        figure.savefig(target, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
