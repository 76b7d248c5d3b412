"""How well masks agree with the truth, per picture and pooled, with bootstrap intervals over near-duplicate groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Mask
from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.measure.boundaries import Matches, match
from sightloop.measure.intervals import CONFIDENCE, figure, group_codes, group_sums, resampled, wilson_figure

POOLED = ("dice", "iou_mean", "precision", "recall", "f1", "boundary_f")
PER_PICTURE = ("dice_per_picture", "iou_per_picture", "empty_share", "false_alarm_share")
PER_CLASS = ("dice", "iou", "precision", "recall", "f1")
NOTES = (
    "Figures are pooled over the pixels of all pictures and classes; those per picture are means in which a picture "
    "that is rightly empty counts 1. iou_mean is the mean of the IoU of every class and of the background."
)

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """One picture's pixels: `confusion` (classes + 1, classes + 1) int64, truth by answer, background first."""

    confusion: NDArray[np.int64]
    boundary: Matches

    @property
    def tp(self) -> NDArray[np.int64]:
        """(classes,) pixels rightly given to each class."""
        return self.confusion.diagonal()[1:]

    @property
    def fp(self) -> NDArray[np.int64]:
        """(classes,) pixels wrongly given to each class."""
        return np.asarray(self.confusion.sum(axis=0)[1:] - self.tp)

    @property
    def fn(self) -> NDArray[np.int64]:
        """(classes,) pixels of each class that were given to another, or to none."""
        return np.asarray(self.confusion.sum(axis=1)[1:] - self.tp)

    @property
    def tn(self) -> int:
        """Pixels that are background in both."""
        return int(self.confusion[0, 0])


@dataclass(frozen=True)
class _Found:
    """Every figure of all pictures, of the resamples, and in how many groups it is defined."""

    whole: dict[str, Rows]
    drawn: dict[str, Rows]
    about: dict[str, NDArray[np.int64]]

    def figure(self, name: str, index: int = 0) -> Json:
        value = float(self.whole[name][0, index])
        if self.drawn and value in (0.0, 1.0):
            return wilson_figure(value, int(self.about[name][index]))
        return figure(value, self.drawn[name][:, index] if self.drawn else np.zeros(0))

    def row(self, name: str, index: int) -> Json:
        found = {key: self.figure(f"each_{key}", index) for key in PER_CLASS}
        return (
            {"class": name, "n": int(self.whole["each_n"][0, index])}
            | {key: value["value"] for key, value in found.items()}
            | {"intervals": {key: [value["low"], value["high"]] for key, value in found.items()}}
        )


def count(predicted: Mask, truth: Mask, *, classes: int, tolerance: float = 2.0) -> Counts:
    """Compare one (height, width) mask of class indices with the truth.

    Args:
        predicted: 0..`classes`.
        truth: 0..`classes`, of the same size.
        classes: how many there are beside the background.
        tolerance: how far a boundary may be off and still match, in pixels.

    Raises:
        Rejected: the sizes differ, or an index is no class.
    """
    _check_sizes(predicted, truth)
    filled = (predicted | truth) != 0
    answers, true = predicted[filled].astype(np.int64), truth[filled].astype(np.int64)
    most = max(answers.max(initial=0), true.max(initial=0))
    if most > classes:
        raise Rejected(f"a mask has the class index {most}, but there are {classes} classes.")
    size = classes + 1
    confusion = np.bincount(true * size + answers, minlength=size * size).reshape(size, size)
    confusion[0, 0] = predicted.size - len(true)
    return Counts(confusion, match(predicted, truth, classes=classes, tolerance=tolerance))


def dice(predicted: Mask, truth: Mask) -> float:
    """Twice the foreground pixels of the same class over the foreground of both; 1 where both are empty (Dice 1945).

    Raises:
        Rejected: the sizes differ.
    """
    _check_sizes(predicted, truth)
    both = np.count_nonzero(predicted) + np.count_nonzero(truth)
    return 2 * np.count_nonzero((predicted == truth) & (truth != 0)) / both if both else 1.0


def score(
    counts: Sequence[Counts],
    *,
    classes: Sequence[str],
    groups: Sequence[str],
    threshold: float,
    tolerance: float,
    seed: int = 0,
    resamples: int = 1000,
) -> Json:
    """Add up what `count` found in each picture.

    Args:
        counts: (n,) of each picture.
        classes: their names.
        groups: (n,) ids of near-duplicate groups, the units that are resampled.
        threshold: at which the masks were cut, 0..1; repeated in the answer.
        tolerance: of the boundaries, in pixels; repeated in the answer as `tolerance_px`.
        seed: of the bootstrap.
        resamples: of the bootstrap; 0 leaves the intervals out.

    Returns:
        JSON-ready: n, groups, threshold, tolerance_px, confidence, resamples, notes; {value, low, high} each for dice,
        iou_<class>, iou_mean, precision, recall, f1 (= dice), boundary_f (F of the boundary pixels that match within
        the tolerance, Csurka et al. 2013, but pooled), dice_per_picture, iou_per_picture, empty_share (pictures whose
        truth is empty), false_alarm_share (of those, the ones where anything was found), None where undefined;
        per_class [{class, n (pictures that show it), dice, iou, precision, recall, f1, intervals}]. Figures of exactly
        0 or 1, which resampling cannot vary, get Wilson's interval over the groups they are about instead.

    Raises:
        Rejected: there are more or fewer groups than pictures.
    """
    if len(groups) != len(counts):
        raise Rejected(f"{len(groups)} groups for the counts of {len(counts)} pictures.")
    features = np.array([_features(one) for one in counts]).reshape(len(counts), 11 + 4 * len(classes))
    many, sums = _by_group(features, groups)
    found = _Found(
        whole=_figures(features.sum(axis=0)[None], len(classes)),
        drawn=_bootstrap(sums, classes=len(classes), seed=seed, resamples=resamples),
        about={name: (~np.isnan(values)).sum(axis=0) for name, values in _figures(sums, len(classes)).items()},
    )
    return (
        {"n": len(counts), "groups": many, "threshold": threshold, "tolerance_px": tolerance}
        | {"confidence": CONFIDENCE, "resamples": resamples, "notes": NOTES}
        | {f"iou_{name}": found.figure("each_iou", index) for index, name in enumerate(classes)}
        | {name: found.figure(name) for name in (*POOLED, *PER_PICTURE)}
        | {"per_class": [found.row(name, index) for index, name in enumerate(classes)]}
    )


def best_threshold(histograms_fg: NDArray[np.integer], histograms_bg: NDArray[np.integer]) -> Json:
    """The threshold with the highest pooled F1; in the middle of those that are equally good.

    Args:
        histograms_fg: (256,) true foreground pixels per map value.
        histograms_bg: (256,) background pixels per map value.

    Returns:
        threshold (0..1; 0.5 without any foreground), f1 (None there), and the curve
        [{threshold, precision, recall, f1}] over the 255 map values.
    """
    if not histograms_fg.any():
        return {"threshold": 0.5, "f1": None, "curve": []}
    found = np.asarray(histograms_fg, np.float64)[::-1].cumsum()[::-1]
    false = np.asarray(histograms_bg, np.float64)[::-1].cumsum()[::-1]
    precision, recall, f1 = _ratios(found[1:], false[1:], found[0] - found[1:])
    rows = [
        {"threshold": value / 255, "precision": float(p), "recall": float(r), "f1": float(f)}
        for value, p, r, f in zip(range(1, 256), precision, recall, f1, strict=True)
    ]
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    chosen = rows[int(best[len(best) // 2])]
    return {"threshold": chosen["threshold"], "f1": chosen["f1"], "curve": rows}


def expected_dice(levels: NDArray[np.int64], at: float) -> float:
    """The Dice that one class's mask may expect if its probabilities are calibrated, 0..1.

    With p the probabilities and M the pixels of p ≥ `at`: 2·Σ p over M / (Σ p + |M|), the ratio of the expectations.
    Where M is empty, 1 − the highest p.

    Args:
        levels: (256,) pixels per map value, round(255·p).
        at: the threshold, 0..1.
    """
    least = math.ceil(255 * at - 1e-9)
    weights = levels * (np.arange(256) / 255)
    chosen = int(levels[least:].sum())
    if not chosen:
        seen = np.flatnonzero(levels)
        return 1 - float(seen[-1]) / 255 if seen.size else 1.0
    return float(2 * weights[least:].sum() / (weights.sum() + chosen))


def _check_sizes(predicted: Mask, truth: Mask) -> None:
    if predicted.shape != truth.shape:
        raise Rejected(f"a mask of {predicted.shape} pixels cannot be compared with one of {truth.shape}.")


def _features(one: Counts) -> Rows:
    """What every figure is a function of the sum of: (11 + 4 classes,), see `_figures`."""
    tp, wrong = int(one.tp.sum()), int(one.fp.sum() + one.fn.sum())
    foreground = int(one.confusion.sum()) - one.tn
    background = int(one.confusion[0].sum() + one.confusion[:, 0].sum()) - one.tn
    fits = (2 * tp / (2 * tp + wrong), tp / foreground) if foreground else (1.0, 1.0)
    shown = one.confusion[1:].sum(axis=1) > 0
    empty = not shown.any()
    edges = [int(values.sum()) for values in one.boundary]
    head = [1, one.tn, background, *edges, *fits, empty, empty and foreground > 0]
    return np.concatenate([np.array(head, np.float64), one.tp, one.fp, one.fn, shown])


def _figures(sums: Rows, classes: int) -> dict[str, Rows]:
    """From summed features (resamples, features) to figures (resamples, 1), `each_` of (resamples, classes)."""
    n, tn, background, *edges, dices, ious, empty, alarms = np.split(sums[:, :11], 11, axis=1)
    tp, fp, fn, shown = np.split(sums[:, 11:], [classes, 2 * classes, 3 * classes], axis=1)
    precision, recall, f1 = _ratios(*(values.sum(axis=1, keepdims=True) for values in (tp, fp, fn)))
    each = _ratios(tp, fp, fn)
    with np.errstate(invalid="ignore", divide="ignore"):
        each_iou = tp / (tp + fp + fn)
        found = {"dice_per_picture": dices / n, "iou_per_picture": ious / n, "empty_share": empty / n}
        found |= {"false_alarm_share": alarms / empty}
        ious_of_all = np.concatenate([each_iou, tn / background], axis=1)
    known = ~np.isnan(ious_of_all)
    mean = np.where(known, ious_of_all, 0).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    found |= {"dice": f1, "f1": f1, "precision": precision, "recall": recall}
    found |= {"iou_mean": np.where(known.any(axis=1, keepdims=True), mean, np.nan), "boundary_f": _boundary_f(*edges)}
    found |= {"each_n": shown, "each_iou": each_iou, "each_dice": each[2]}
    return found | {f"each_{name}": values for name, values in zip(("precision", "recall", "f1"), each, strict=True)}


def _ratios(tp: Rows, fp: Rows, fn: Rows) -> tuple[Rows, Rows, Rows]:
    """Precision, recall and F1; precision is 0 where only the truth has pixels, all are nan where nobody has."""
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where((tp + fp == 0) & (fn > 0), 0.0, tp / (tp + fp))
        return precision, tp / (tp + fn), 2 * tp / (2 * tp + fp + fn)


def _boundary_f(near_answers: Rows, answers: Rows, near_truth: Rows, truth: Rows) -> Rows:
    precision, recall = near_answers / np.maximum(answers, 1), near_truth / np.maximum(truth, 1)
    f = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return np.where(answers + truth > 0, f, np.nan)


def _by_group(features: Rows, groups: Sequence[str]) -> tuple[int, Rows]:
    if not groups:
        return 0, features
    codes, many = group_codes(groups)
    return many, group_sums(features, codes, many)


def _bootstrap(sums: Rows, *, classes: int, seed: int, resamples: int) -> dict[str, Rows]:
    if len(sums) < 2 or resamples < 1:
        return {}
    blocks = resampled(len(sums), resamples=resamples, seed=seed, width=sums.shape[1])
    parts = [_figures(drawn @ sums, classes) for drawn in blocks]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
