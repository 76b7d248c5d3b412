"""Judge a model that says which pixels of a picture show what, one picture at a time at its own size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Levels, Mask, ProbabilityMap
from sightloop.core.entities import NOTHING, Json, Progress, Project
from sightloop.core.errors import Rejected
from sightloop.core.ports import Predictor, Report
from sightloop.flows.cases import Case
from sightloop.measure import overlap, plots
from sightloop.tasks import segment
from sightloop.vision import masks
from sightloop.vision.decode import decode

BATCH = 16
THREADS = 2  # pictures worked on at once; of each there is one map in memory
TOLERANCE = 2.0  # pixels that a boundary may be off
SHOWN = 4  # of the worst and of the best pictures
NAMED = 20  # pictures that could not be judged
BINS = 20  # of the histogram of Dice
CURVE_STEP = 5  # map values from one point of the threshold's curve to the next


@dataclass(frozen=True)
class Answered:
    """What was said of a picture; `histograms` (2, 256) are the background's and foreground's pixels per map value."""

    case: Case
    counts: overlap.Counts
    dice: float
    word: str
    probabilities: dict[str, float]
    histograms: Levels

    @property
    def filled(self) -> bool:
        """Whether there is anything to be found."""
        return bool(self.counts.confusion[1:].any())


@dataclass(frozen=True)
class Judged:
    """What was said of the pictures that could be judged, and why others could not be."""

    project: Project
    answered: tuple[Answered, ...]
    refused: tuple[Json, ...] = ()

    @property
    def cases(self) -> tuple[Case, ...]:
        return tuple(one.case for one in self.answered)

    @property
    def unreadable(self) -> int:
        return len(self.refused)

    def keep(self, chosen: NDArray[np.bool_]) -> Judged:
        """Only the chosen (n,) rows."""
        return Judged(self.project, tuple(one for one, keep in zip(self.answered, chosen, strict=True) if keep))

    def figures(self) -> Json:
        """As `measure.overlap.score`."""
        return overlap.score(
            [one.counts for one in self.answered],
            classes=self.project.classes,
            groups=[one.case.group for one in self.answered],
            threshold=self.project.floor,
            tolerance=TOLERANCE,
        )

    def beside(self) -> Json:
        """How the pictures' Dice is distributed, what other thresholds would give, and which pictures to look at.

        Returns:
            dice_histogram (20 counts of 0.05 each); threshold_curve [{threshold, precision, recall, f1}], pooled over
            pixels and, one against the rest, over classes; examples {worst, best}, each [{image_id, name, dice}];
            refused [{name, reason}], the first 20.
        """
        dices = [one.dice for one in self.answered]
        return {
            "dice_histogram": np.histogram(dices, bins=BINS, range=(0, 1))[0].tolist(),
            "threshold_curve": self._curve(),
            "examples": self._examples(),
            "refused": list(self.refused[:NAMED]),
        }

    def _examples(self) -> Json:
        filled = [one for one in self.answered if one.filled]
        return {
            "worst": _named(sorted(self.answered, key=lambda one: one.dice)),
            "best": _named(sorted(filled, key=lambda one: -one.dice)),
        }

    def _curve(self) -> list[Json]:
        background, foreground = sum((one.histograms for one in self.answered), np.zeros((2, 256), np.int64))
        curve: list[Json] = overlap.best_threshold(foreground, background)["curve"]
        return curve[::CURVE_STEP]

    def said(self) -> dict[str, Json]:
        """Of each stored picture what `flows.outcomes` keeps; its figures name the mask and the threshold."""
        return {one.case.image_id: self._said(one) for one in self.answered if one.case.image_id is not None}

    def _said(self, one: Answered) -> Json:
        predicted = (
            max(one.probabilities, key=lambda name: one.probabilities[name]) if one.word == NOTHING else one.word
        )
        confidence = one.probabilities[predicted]
        return {
            "predicted": predicted,
            "shown": predicted if confidence >= self.project.floor else NOTHING,
            "confidence": confidence,
            "probabilities": one.probabilities,
            "figures": {"dice": one.dice, "mask": one.case.mask_hash, "threshold": self.project.floor},
        }

    def plots(self, figures: Json) -> dict[str, bytes]:
        """The histogram of Dice and the threshold's curve, by file name."""
        drawn: dict[str, bytes] = {}
        if self.answered:
            drawn["dice.svg"] = plots.histogram_svg(figures["dice_histogram"], x="Dice of a picture").encode()
        if figures["threshold_curve"]:
            drawn["threshold.svg"] = plots.threshold_svg(figures["threshold_curve"], at=figures["threshold"]).encode()
        return drawn


def judge(predictor: Predictor, cases: Sequence[Case], *, project: Project, report: Report | None = None) -> Judged:
    """Ask the predictor about every case at the project's threshold; classes it never learnt are nowhere.

    No more than two pictures with their maps are in memory at a time.
    """
    found: list[Answered] = []
    refused: list[Json] = []
    for batch in _batches(predictor, cases, project=project):
        found += [one for one in batch if isinstance(one, Answered)]
        refused += [one for one in batch if not isinstance(one, Answered)]
        if report:
            report(Progress(len(found) + len(refused), len(cases), f"{len(found)} pictures judged"))
    return Judged(project, tuple(found), tuple(refused))


def _batches(predictor: Predictor, cases: Sequence[Case], *, project: Project) -> Iterator[list[Answered | Json]]:
    def one(case: Case) -> Answered | Json:
        try:
            return _answer(predictor, case, project=project)
        except Rejected as error:
            return {"name": case.name, "reason": error.message}

    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(cases), BATCH):
            yield list(pool.map(one, cases[start : start + BATCH]))


def _answer(predictor: Predictor, case: Case, *, project: Project) -> Answered:
    pixels = decode(case.read())
    truth = case.mask((pixels.shape[0], pixels.shape[1]))
    outputs = predictor.predict([pixels])
    predicted = _numbered(masks.threshold(outputs.maps[0], project.floor), predictor, project)
    return Answered(
        case,
        overlap.count(predicted, truth, classes=len(project.classes), tolerance=TOLERANCE),
        float(overlap.dice(predicted, truth)),
        segment.word(predicted, project.classes),
        dict.fromkeys(project.classes, 0.0)
        | dict(zip(predictor.classes, outputs.probabilities[0].tolist(), strict=True)),
        _histograms(outputs.maps[0], truth, [project.classes.index(name) + 1 for name in predictor.classes]),
    )


def _numbered(mask: Mask, predictor: Predictor, project: Project) -> Mask:
    """A mask of the predictor's classes with the numbers that these have in the project."""
    if predictor.classes == project.classes[: len(predictor.classes)]:
        return mask
    numbers = np.array([0, *(project.classes.index(name) + 1 for name in predictor.classes)], np.uint8)
    return np.asarray(numbers[mask])


def _histograms(found: ProbabilityMap, truth: Mask, numbers: Sequence[int]) -> Levels:
    """(2, 256) pixels per map value, of the background and of the foreground of all learnt classes together."""
    inside = sum(
        (np.bincount(plane[truth == number], minlength=256) for plane, number in zip(found, numbers, strict=True)),
        np.zeros(256, np.int64),
    )
    return np.stack([masks.levels(found).sum(axis=0) - inside, inside])


def _named(ranked: Sequence[Answered]) -> list[Json]:
    rows = ranked[:SHOWN]
    return [{"image_id": row.case.image_id, "name": row.case.name, "dice": row.dice} for row in rows]
