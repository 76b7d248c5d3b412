"""Which of two models is better, asked of the same pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.measure.intervals import CONFIDENCE, figure, group_codes, group_sums, resampled


def compare(
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    *,
    targets: NDArray[np.integer],
    groups: Sequence[str],
    seed: int = 0,
    resamples: int = 2000,
    confidence: float = CONFIDENCE,
) -> Json:
    """The difference in accuracy of two models, with a paired bootstrap interval that resamples whole groups.

    Args:
        first: (n,) answers of one model, as indices of classes.
        second: (n,) answers of the other model to the same pictures.
        targets: (n,) true indices.
        groups: (n,) ids of near-duplicate groups.
        seed: of the bootstrap.
        resamples: of the bootstrap.
        confidence: of the interval.

    Returns:
        JSON-ready: n, groups, confidence, resamples; first and second (accuracies); difference {value, low, high}
        (second minus first; low and high None where there is only one group); only_first, only_second (pictures that
        one alone gets right); second_better (share of resamples, ties half; None where there is only one group).

    Raises:
        Rejected: the lengths differ, or there are no pictures.
    """
    if not len(first) == len(second) == len(targets) == len(groups) or not len(groups):
        lengths = [len(first), len(second), len(targets), len(groups)]
        raise Rejected(f"{lengths} answers, answers, targets and groups cannot be paired.")
    first_right, second_right = (np.asarray(answers) == targets for answers in (first, second))
    found = means(first_right, second_right, groups=groups, seed=seed, resamples=resamples, confidence=confidence)
    only = {
        "only_first": int((first_right > second_right).sum()),
        "only_second": int((second_right > first_right).sum()),
    }
    return found | only


def means(
    first: NDArray[np.float64] | NDArray[np.bool_],
    second: NDArray[np.float64] | NDArray[np.bool_],
    *,
    groups: Sequence[str],
    seed: int = 0,
    resamples: int = 2000,
    confidence: float = CONFIDENCE,
) -> Json:
    """The difference of the mean (n,) figures of two models, with a paired bootstrap interval over groups.

    Returns:
        As `compare`, with the means for the accuracies and without only_first and only_second.

    Raises:
        Rejected: the lengths differ, or there are no pictures.
    """
    if not len(first) == len(second) == len(groups) or not len(groups):
        raise Rejected(f"{[len(first), len(second), len(groups)]} figures, figures and groups cannot be paired.")
    values = np.stack([first, second], axis=1).astype(np.float64)
    codes, count = group_codes(groups)
    drawn = _differences(values, codes, count, seed=seed, resamples=resamples)
    return {
        "n": len(groups),
        "groups": count,
        "confidence": confidence,
        "resamples": resamples,
        "first": float(values[:, 0].mean()),
        "second": float(values[:, 1].mean()),
        "difference": figure(float((values[:, 1] - values[:, 0]).mean()), drawn, confidence),
        "second_better": float((drawn > 0).mean() + (drawn == 0).mean() / 2) if drawn.size else None,
    }


def _differences(
    values: NDArray[np.float64], codes: NDArray[np.int64], count: int, *, seed: int, resamples: int
) -> NDArray[np.float64]:
    if count < 2:
        return np.zeros(0)
    features = np.stack([np.ones(len(values)), values[:, 1] - values[:, 0]], axis=1)
    sums = group_sums(features, codes, count)
    blocks = [drawn @ sums for drawn in resampled(count, resamples=resamples, seed=seed, width=count)]
    totals = np.concatenate([np.zeros((0, 2)), *blocks])
    return np.asarray(totals[:, 1] / totals[:, 0])
