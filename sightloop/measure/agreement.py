"""How often answers agree with what people said: shares and a confusion matrix with intervals over groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json
from sightloop.measure.intervals import figure, group_codes, group_sums, resampled, wilson_figure

RESAMPLES = 1000

Columns = NDArray[np.float64]


def share(
    hits: NDArray[np.bool_] | Columns, groups: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> Json | None:
    """The share of `hits` (n,) as {value, low, high}, resampling whole `groups` (n,); None where there is nothing.

    Instead of hits there may be shares of 0..1, whose mean it is then.
    """
    top = np.asarray(hits, np.float64)[:, None]
    return _shares(top, np.ones_like(top), groups, seed=seed, resamples=resamples)[0]


def agree(
    said: Sequence[str],
    truth: Sequence[str],
    *,
    classes: Sequence[str],
    groups: Sequence[str],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Json:
    """Compare what was said with the truth.

    Args:
        said: (n,) answers, each one of `classes`.
        truth: (n,) what people said, each one of `classes`.
        classes: names, in the order of the matrix.
        groups: (n,) ids of near-duplicate groups, the units that are resampled.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Returns:
        JSON-ready: n, accuracy, confusion (rows truth, columns said), per_class [{name, n, recall, precision}]; each
        share is {value, low, high} in 0..1, or None where there is nothing to divide by. Where resampling cannot vary a
        share (all right, all wrong, one group) its interval is Wilson's over the groups it is about.
    """
    code = {name: index for index, name in enumerate(classes)}
    names = np.eye(len(classes))
    answered = names[[code[name] for name in said]].reshape(-1, len(classes))  # (n, classes)
    true = names[[code[name] for name in truth]].reshape(-1, len(classes))
    right = true * answered
    whole = np.ones((len(truth), 1))
    top = np.hstack([right.sum(axis=1, keepdims=True), right, right])
    bottom = np.hstack([whole, true, answered])
    accuracy, *rest = _shares(top, bottom, groups, seed=seed, resamples=resamples)
    recall, precision = rest[: len(classes)], rest[len(classes) :]
    counts = true.sum(axis=0).astype(int)
    return {
        "n": len(truth),
        "accuracy": accuracy,
        "confusion": (true.T @ answered).astype(int).tolist(),
        "per_class": [
            {"name": name, "n": int(counts[index]), "recall": recall[index], "precision": precision[index]}
            for index, name in enumerate(classes)
        ],
    }


def _shares(top: Columns, bottom: Columns, groups: Sequence[str], *, seed: int, resamples: int) -> list[Json | None]:
    """Sum of `top` over sum of `bottom`, both (n, shares), for each share."""
    if not len(top):
        return [None] * top.shape[1]
    codes, count = group_codes(groups)
    sums = group_sums(np.hstack([top, bottom]), codes, count)
    blocks = [block @ sums for block in resampled(count, resamples=resamples, seed=seed, width=sums.shape[1])]
    tops, bottoms = np.split(np.concatenate(blocks), 2, axis=1)
    with np.errstate(invalid="ignore"):
        drawn = np.where(bottoms > 0, tops / bottoms, np.nan)
    about = (sums[:, top.shape[1] :] > 0).sum(axis=0)
    return [
        _interval(top[:, column].sum(), bottom[:, column].sum(), drawn[:, column], groups=int(about[column]))
        for column in range(top.shape[1])
    ]


def _interval(right: float, of: float, drawn: Columns, *, groups: int) -> Json | None:
    if of == 0:
        return None
    value = float(right / of)
    found = figure(value, drawn)
    return wilson_figure(value, groups) if found["low"] == found["high"] else found
