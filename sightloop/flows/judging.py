"""Ask a predictor about pictures whose truth is known, and score what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Pixels, Scores
from sightloop.core.entities import Json, Progress, Project
from sightloop.core.errors import BadImage, Rejected
from sightloop.core.ports import Predictor, Report
from sightloop.flows import manifests
from sightloop.flows.services import Services
from sightloop.tasks import TASKS
from sightloop.vision.decode import decode

BATCH = 16
THREADS = 2


@dataclass(frozen=True)
class Case:
    """One picture to be judged; `read` gives its encoded bytes, `group` is its unit of resampling.

    `image_id` is None where it is not a stored picture.
    """

    read: Callable[[], bytes]
    label: str
    group: str
    leaked: bool = False
    image_id: str | None = None


@dataclass(frozen=True)
class Judged:
    """Answers beside the truth: `probabilities` (n, classes), `targets` (n,) indices into `classes`."""

    classes: tuple[str, ...]
    cases: tuple[Case, ...]
    probabilities: Scores
    targets: NDArray[np.int64]
    unreadable: int

    def keep(self, chosen: NDArray[np.bool_]) -> Judged:
        """Only the chosen (n,) rows."""
        cases = tuple(case for case, keep in zip(self.cases, chosen, strict=True) if keep)
        return Judged(self.classes, cases, self.probabilities[chosen], self.targets[chosen], self.unreadable)


def stored_cases(services: Services, rows: Sequence[Json]) -> list[Case]:
    """The test side of a snapshot's rows, read from the store."""

    def reader(sha256: str) -> Callable[[], bytes]:
        return lambda: services.blobs.get(sha256)

    judging = [row for row in rows if row["side"] == "test"]
    return [
        Case(reader(row["sha256"]), row["label"], row["group"], row["leaked"], image_id=row["image_id"])
        for row in judging
    ]


def test_side(services: Services, project: Project) -> list[Case]:
    """The pictures of the project's test side with their labels of now."""
    with services.db.connect() as db:
        return stored_cases(services, manifests.teaching_rows(db, project))


def judge(
    predictor: Predictor, cases: Sequence[Case], *, classes: Sequence[str], report: Report | None = None
) -> Judged:
    """Ask the predictor about every case; classes it never learnt get 0, unreadable pictures are counted."""
    kept: list[Case] = []
    found: list[Scores] = []
    for batch in _decoded(predictor, cases):
        kept += [case for case, _ in batch]
        found += [predictor.predict([pixels for _, pixels in batch]).probabilities] if batch else []
        if report:
            report(Progress(len(kept), len(cases), f"{len(kept)} pictures judged"))
    wide = np.zeros((len(kept), len(classes)))
    if found:
        wide[:, [list(classes).index(name) for name in predictor.classes]] = np.concatenate(found)
    targets = np.array([list(classes).index(case.label) for case in kept], dtype=np.int64)
    return Judged(tuple(classes), tuple(kept), wide, targets, len(cases) - len(kept))


def _decoded(predictor: Predictor, cases: Sequence[Case]) -> Iterator[list[tuple[Case, Pixels]]]:
    def load(case: Case) -> tuple[Case, Pixels] | None:
        try:
            return case, decode(case.read(), shrink_to=predictor.input_size)
        except (BadImage, Rejected):
            return None

    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(cases), BATCH):
            yield [one for one in pool.map(load, cases[start : start + BATCH]) if one]


def score(judged: Judged, *, project: Project) -> Json:
    """All figures with intervals; beside them those without the leaked pictures where there are any."""
    leaked = np.array([case.leaked for case in judged.cases], dtype=bool)
    figures = {**_figures(judged, project), "unreadable": judged.unreadable, "leaked": int(leaked.sum())}
    if leaked.any():
        figures["without_leaked"] = _figures(judged.keep(~leaked), project)
    return figures


def _figures(judged: Judged, project: Project) -> Json:
    return TASKS[project.task].score(
        judged.probabilities,
        judged.targets,
        classes=judged.classes,
        groups=[case.group for case in judged.cases],
        floor=project.floor,
    )
