"""What a certified cascade saves on real pictures: accuracy, share deferred and processor time beside its members'.

`SIGHTLOOP_WEIGHTS=../shared/weights python -m benchmarks.cascade --data ../shared/data/bio8 --name bio8`

Imports the pictures into a fresh installation (sides 50/30/20, half of the calibration side certifies), trains both
members, certifies one cascade for each epsilon, and judges all on the test side, one picture at a time on one core.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks import installation
from benchmarks.results import publish
from sightloop import bundles
from sightloop.core.entities import Job, Json, Project
from sightloop.core.splits import CASCADE_RATIOS
from sightloop.flows import cases, importing, projects, training
from sightloop.flows.access import OPERATOR
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.cases import Case
from sightloop.flows.services import Services
from sightloop.measure import labels, paired
from sightloop.samples import write
from sightloop.store import versions
from sightloop.vision.decode import decode
from tests import tiny

PROJECT = "judged"
FAST, ACCURATE = "1", "2"  # versions


@dataclass(frozen=True)
class Said:
    """What a model said of the test side: probabilities (n, c), who answered each picture, CPU seconds of each."""

    probabilities: NDArray[np.float64]
    routes: Sequence[str]
    seconds: Sequence[float]


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="a folder of class folders")
@click.option("--samples", default="eyes", show_default=True, help="which pictures to draw where there is no --data")
@click.option("--count", default=900, show_default=True, help="drawn pictures per class")
@click.option("--name", default="pictures", show_default=True, help="of the result")
@click.option("--fast", default="linear:128", show_default=True, help="FAMILY:SIZE[:NAME=VALUE,...]")
@click.option("--accurate", default="transfer:224:backbone=mobilenetv2_100", show_default=True, help="likewise")
@click.option("--epsilon", default=(0.02, 0.03, 0.05), show_default=True, multiple=True)
@click.option("--delta", default=0.05, show_default=True)
@click.option("--label-free", is_flag=True, help="count disagreements")
def main(
    data: Path | None,
    samples: str,
    count: int,
    name: str,
    fast: str,
    accurate: str,
    epsilon: Sequence[float],
    delta: float,
    label_free: bool,
) -> None:
    """Train, certify, judge."""
    promise = {"fast": FAST, "accurate": ACCURATE, "delta": delta, "labelled": not label_free}
    with tempfile.TemporaryDirectory() as place, installation.opened(Path(place) / "data") as services:
        if data is None:
            data = Path(place) / "drawn"
            write.write_set(samples, data, count_per_class=count)
        project = imported(services, data)
        for family, params in (given(fast), given(accurate)):
            trained(services, family, params)
        made = [trained(services, "cascade", {**promise, "epsilon": one}) for one in epsilon]
        certificates = [job.context["trained"]["certificate"] for job in made]
        rows = judged(services, project, certificates)
    reasons = {f"reason_{one['epsilon']:g}": one["reason"] for one in certificates if one["reason"]}
    publish(f"cascade_{name}", rows, notes={"fast": fast, "accurate": accurate, "delta": delta, **reasons})


def given(text: str) -> tuple[str, Json]:
    """A family and its parameters of FAMILY:SIZE[:NAME=VALUE,...]."""
    family, size, *more = text.split(":")
    pairs = [one.partition("=") for one in (more[0].split(",") if more else [])]
    return family, {"input_size": int(size), **{name: _value(value) for name, _, value in pairs}}


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def imported(services: Services, data: Path) -> Project:
    """A project with these pictures, half of whose calibration side certifies."""
    classes = tuple(sorted(path.name for path in data.iterdir() if path.is_dir()))
    projects.create(services, user=OPERATOR, name=PROJECT, classes=classes)
    settings = {"ratios": list(CASCADE_RATIOS), "certify": True}
    project = projects.update(services, user=OPERATOR, name=PROJECT, settings=settings)
    _done(services, importing.start(services, user=OPERATOR, name=PROJECT, path=data.absolute()))
    return project


def trained(services: Services, family: str, params: Json) -> Job:
    """The next version of the project."""
    return _done(services, training.start(services, user=OPERATOR, name=PROJECT, family=family, params=params))


def _done(services: Services, job: Job) -> Job:
    found = tiny.run(services, job)
    if found.state != "done":
        raise RuntimeError(found.error)
    return found


def judged(services: Services, project: Project, certificates: Sequence[Json]) -> list[Json]:
    """A row for each member, and one for each cascade with its paired difference from the accurate member."""
    test = cases.held_out(services, project)
    with services.db.connect() as db:
        found = [versions.get(db, project.id, str(number)) for number in range(1, 3 + len(certificates))]
    said = [ask(unpacked(services, one.bundle), test, project.classes) for one in found]
    rows = [_row(one, test, project.classes) for one in said]
    names = [{"model": "fast"}, {"model": "accurate"}]
    names += [
        _compared(one, said[1], test, project.classes, certificate=of)
        for one, of in zip(said[2:], certificates, strict=True)
    ]
    return [{**name, **row} for name, row in zip(names, rows, strict=True)]


def _compared(
    cascade: Said, accurate: Said, test: Sequence[Case], classes: Sequence[str], *, certificate: Json
) -> Json:
    """What was promised, what it saves on these pictures, and what it loses against its accurate member."""
    truth = np.array([classes.index(case.label) for case in test])
    first, second = (one.probabilities.argmax(axis=1) for one in (accurate, cascade))
    lost = paired.compare(first, second, targets=truth, groups=[case.group for case in test])["difference"]
    return {
        "model": "cascade",
        **{key: certificate[key] for key in ("epsilon", "n", "k", "needed")},
        "deferred": cascade.routes.count("accurate") / len(test),
        "saved": 1 - float(np.sum(cascade.seconds) / np.sum(accurate.seconds)),
        **{f"minus_accurate_{key}": value for key, value in lost.items()},
    }


def ask(folder: Path, test: Sequence[Case], classes: Sequence[str]) -> Said:
    """Ask the bundle about one decoded picture after the other."""
    predictor = bundles.load(folder)
    order = [predictor.classes.index(name) for name in classes]
    probabilities, routes, seconds = [], [], []
    for case in (test[0], *test):  # the first one only warms up
        pixels = decode(case.read(), shrink_to=predictor.input_size)
        began = time.thread_time()
        outputs = predictor.predict([pixels])
        seconds.append(time.thread_time() - began)
        probabilities.append(outputs.probabilities[0, order])
        routes += list(outputs.routes) or ["single"]
    return Said(np.stack(probabilities[1:]), routes[1:], seconds[1:])


def _row(said: Said, test: Sequence[Case], classes: Sequence[str]) -> dict[str, Any]:
    truth = np.array([classes.index(case.label) for case in test])
    groups = [case.group for case in test]
    figures = labels.score(said.probabilities, truth, classes=classes, groups=groups, floor=0.0)
    accuracy, area = figures["accuracy"], figures["roc_auc"]
    return {
        "pictures": len(test),
        "accuracy": accuracy["value"],
        "low": accuracy["low"],
        "high": accuracy["high"],
        "auc": area["value"],
        "auc_low": area["low"],
        "auc_high": area["high"],
        "cpu_ms": 1000 * float(np.mean(said.seconds)),
    }


if __name__ == "__main__":
    main()
