"""The task of saying which pixels of a picture show what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sightloop.core.arrays import Levels, Mask
from sightloop.core.entities import NOTHING, UNKNOWN, Answer, Verdict
from sightloop.core.errors import Rejected
from sightloop.measure.overlap import expected_dice
from sightloop.tasks.refusal import refusal
from sightloop.vision.masks import cut


def verdict(answer: Answer, *, floor: float, reject_rate: float = 0.0, faults: Sequence[str] = ()) -> Verdict:
    """What the product shows for an answer: the class that covers most of the picture, or `nothing`.

    Args:
        answer: of a model that segments, with the levels of its probability map.
        floor: the threshold (0..1): a pixel belongs to a class from this probability on.
        reject_rate: share (0..1) of ordinary pictures that may be refused as "off_domain"; 0 never refuses.
        faults: what is wrong with the picture itself; any makes the answer `unknown` ("retake").

    Returns:
        A verdict whose confidence is the probability of the class's surest pixels. Its figures are `certainty` (the
        Dice that the model expects of this mask, 0..1), `area_share` (of the picture, 0..1) and `threshold`.

    Raises:
        Rejected: no model gave this answer, or one that only classifies.
    """
    if answer.levels is None:
        raise Rejected("an answer without a probability map has no mask.", hint="Train a model that segments first.")
    areas = _areas(answer.levels, floor)
    first = int(areas.argmax()) if areas.any() else int(np.argmax(answer.probabilities))
    confidence = answer.probabilities[first]
    shown = answer.classes[first] if confidence >= floor else NOTHING
    reason = refusal(answer, reject_rate=reject_rate, faults=faults)
    figures = {
        "certainty": expected_dice(answer.levels[first], floor),
        "area_share": float(areas.sum() / answer.levels[first].sum()),
        "threshold": floor,
    }
    return Verdict(answer.classes[first], shown if reason is None else UNKNOWN, confidence, reason, figures)


def _areas(levels: Levels, floor: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Pixels of each class at the threshold, (classes,)."""
    return np.asarray(levels[:, cut(floor) :].sum(axis=1), np.int64)


def word(mask: Mask, classes: Sequence[str]) -> str:
    """The class that covers most of a mask (height, width), `nothing` where it is empty."""
    areas = np.bincount(mask.ravel(), minlength=len(classes) + 1)[1:]
    return classes[int(areas.argmax())] if areas.any() else NOTHING


def words(classes: Sequence[str]) -> tuple[str, ...]:
    """What a teaching label may be: a class, or that there is nothing."""
    return (*classes, NOTHING)


def check_label(value: str, classes: Sequence[str]) -> None:
    """Raise Rejected unless `value` can be said without drawing: `nothing`, or `unknown`."""
    if value in classes:
        raise Rejected(f"{value!r} needs a mask.", hint="Draw it, or verify the model's; only 'nothing' needs none.")
    if value not in (NOTHING, UNKNOWN):
        raise Rejected(f"no class {value!r} in this project.", hint=f"Use a mask, {NOTHING!r} or {UNKNOWN!r}.")
