"""Judge a model that says which class a picture shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Pixels, Scores
from sightloop.core.entities import UNKNOWN, Json, Progress, Project
from sightloop.core.errors import BadImage, Rejected
from sightloop.core.ports import Predictor, Report
from sightloop.flows.cases import Case
from sightloop.measure import calibration, labels, plots
from sightloop.vision.decode import decode

BATCH = 16
THREADS = 2


@dataclass(frozen=True)
class Judged:
    """Answers beside the truth: `probabilities` (n, classes), `targets` (n,) indices into the project's classes."""

    project: Project
    cases: tuple[Case, ...]
    probabilities: Scores
    targets: NDArray[np.int64]
    unreadable: int

    def keep(self, chosen: NDArray[np.bool_]) -> Judged:
        """Only the chosen (n,) rows."""
        cases = tuple(case for case, keep in zip(self.cases, chosen, strict=True) if keep)
        return Judged(self.project, cases, self.probabilities[chosen], self.targets[chosen], self.unreadable)

    def figures(self) -> Json:
        """As `measure.labels.score`."""
        groups = [case.group for case in self.cases]
        floor, classes = self.project.floor, self.project.classes
        return labels.score(self.probabilities, self.targets, classes=classes, groups=groups, floor=floor)

    def beside(self) -> Json:
        """Nothing more."""
        return {}

    def said(self) -> dict[str, Json]:
        """Of each stored picture what `flows.outcomes` keeps."""
        rows = zip(self.cases, self.probabilities, strict=True)
        return {case.image_id: self._said(row) for case, row in rows if case.image_id is not None}

    def _said(self, row: Scores) -> Json:
        predicted, confidence = self.project.classes[int(row.argmax())], float(row.max())
        return {
            "predicted": predicted,
            "shown": predicted if confidence >= self.project.floor else UNKNOWN,
            "confidence": confidence,
            "probabilities": dict(zip(self.project.classes, row.tolist(), strict=True)),
        }

    def plots(self, figures: Json) -> dict[str, bytes]:
        """The confusion matrix, ROC curves and a reliability diagram, by file name."""
        drawn = {"confusion.svg": plots.confusion_svg(figures["confusion"], classes=self.project.classes)}
        if len(self.targets):
            curves = labels.roc_curves(self.probabilities, self.targets, classes=self.project.classes)
            drawn["roc.svg"] = plots.roc_svg(curves)
            bins = calibration.reliability(self.probabilities, self.targets)
            drawn["reliability.svg"] = plots.reliability_svg(bins)
        return {name: svg.encode() for name, svg in drawn.items()}


def judge(predictor: Predictor, cases: Sequence[Case], *, project: Project, report: Report | None = None) -> Judged:
    """Ask the predictor about every case; classes it never learnt get 0, unreadable pictures are counted."""
    classes = project.classes
    kept: list[Case] = []
    found: list[Scores] = []
    for batch in _decoded(predictor, cases):
        kept += [case for case, _ in batch]
        found += [predictor.predict([pixels for _, pixels in batch]).probabilities] if batch else []
        if report:
            report(Progress(len(kept), len(cases), f"{len(kept)} pictures judged"))
    wide = np.zeros((len(kept), len(classes)))
    if found:
        wide[:, [classes.index(name) for name in predictor.classes]] = np.concatenate(found)
    targets = np.array([classes.index(case.label) for case in kept], dtype=np.int64)
    return Judged(project, tuple(kept), wide, targets, len(cases) - len(kept))


def _decoded(predictor: Predictor, cases: Sequence[Case]) -> Iterator[list[tuple[Case, Pixels]]]:
    def load(case: Case) -> tuple[Case, Pixels] | None:
        try:
            return case, decode(case.read(), shrink_to=predictor.input_size)
        except (BadImage, Rejected):
            return None

    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(cases), BATCH):
            yield [one for one in pool.map(load, cases[start : start + BATCH]) if one]
