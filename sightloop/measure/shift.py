"""What kind of change it is, and which pictures drive it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json
from sightloop.measure.drift import FAMILIES, THRESHOLD, Columns, Evidence, Names, Sample, evidence, union

FOLDS = 5
STRANGERS = 0.10  # share of strange pictures beyond the usual from which on they are the story
OF_STRANGERS = {"strangers", "embedding", "answers"}  # what strangers alone make reject

WORDS = {
    "none": "Nothing has changed that could not be chance.",
    "label": "The mix of classes has changed, not the pictures of each class: no new training is needed.",
    "acquisition": "The pictures look different (light, sharpness, size), but the model sees the same in them.",
    "strangers": "More pictures than usual are unlike everything that was learnt: a new class, or something else.",
    "covariate": "The pictures have changed in what the model sees: labels will tell whether it is still right.",
}


def confusion(predicted: NDArray[np.int64], truth: NDArray[np.int64], classes: int) -> Columns:
    """Joint shares (classes said, classes true) of held-out pictures."""
    table = np.zeros((classes, classes))
    np.add.at(table, (predicted, truth), 1.0)
    return np.asarray(table / max(1.0, table.sum()))


def class_weights(table: Columns, window: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """How much more or less frequent each true class has become, from predictions alone; None where it cannot be told.

    Black box shift estimation (Lipton, Wang and Smola, ICML 2018, Eq. 5): the joint confusion of held-out pictures,
    inverted, times the shares of predictions now.
    """
    classes = len(table)
    now = np.bincount(window, minlength=classes) / max(1, len(window))
    there = table.sum(axis=0) > 0
    if there.sum() < 2 or np.linalg.cond(table[np.ix_(there, there)]) > 1e4:
        return None
    found = np.zeros(classes)
    found[there] = np.linalg.lstsq(table[:, there], now, rcond=None)[0]
    return np.maximum(found, 0.0)


def kind(
    found: Sequence[Evidence],
    reference: Sample,
    window: Sample,
    *,
    truth: NDArray[np.int64],
    basis: Columns,
    names: Names,
) -> tuple[str, Json]:
    """Which of `WORDS` fits a window that was tested with `found`, and what says so.

    Args:
        truth: (m,) true classes of the reference, -1 where unknown.

    Returns:
        the kind and {"reweighted_p", "priors": {class: {before, after}}, "rejecting": families}.
    """
    rejecting = [one.name for one in found if FAMILIES * one.p < THRESHOLD]
    told: Json = {"rejecting": rejecting, "reweighted_p": None, "priors": None}
    if not rejecting:
        return "none", told
    tail = next(one for one in found if one.name == "strangers")
    if "strangers" in rejecting and tail.effect >= STRANGERS and set(rejecting) <= OF_STRANGERS:
        return "strangers", told
    told |= _reweighted(reference, window, truth=truth, basis=basis, names=names)
    if told["reweighted_p"] is not None and told["reweighted_p"] >= THRESHOLD:
        return "label", told
    if set(rejecting) == {"statistics"}:
        return "acquisition", told
    return "covariate", told


def _reweighted(reference: Sample, window: Sample, *, truth: NDArray[np.int64], basis: Columns, names: Names) -> Json:
    """The p that is left once the reference's classes are weighted to the window's mix."""
    known = truth >= 0
    table = confusion(reference.predicted[known], truth[known], len(names.classes))
    ratio = class_weights(table, window.predicted)
    if ratio is None or not known.all():
        return {}
    weights = ratio[truth]
    if weights.sum() <= 0:
        return {}
    left = evidence(reference, window, basis=basis, names=names, weights=weights)
    before = np.bincount(truth, minlength=len(names.classes)) / len(truth)
    after = before * ratio / max(float((before * ratio).sum()), 1e-9)
    rows = zip(names.classes, before.tolist(), after.tolist(), strict=True)
    priors = {name: {"before": was, "after": now} for name, was, now in rows}
    return {"reweighted_p": union(left), "priors": priors}


def driving(reference: Sample, window: Sample, *, basis: Columns, seed: int = 0) -> NDArray[np.float64]:
    """For each picture of the window, how sure a classifier that never met it is that it is of the window, (n,) 0..1.

    A domain classifier out of fold (Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017), on the
    components of the embedding and the statistics.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    rows = np.concatenate([_features(reference, basis), _features(window, basis)])
    rows = rows[:, ~np.isnan(rows).all(axis=0)]
    rows = np.nan_to_num((rows - np.nanmean(rows, axis=0)) / np.maximum(np.nanstd(rows, axis=0), 1e-9))
    side = np.concatenate([np.zeros(len(reference)), np.ones(len(window))]).astype(int)
    folds = min(FOLDS, int(np.bincount(side, minlength=2).min()))
    if folds < 2:
        return np.full(len(window), 0.5)
    sure = np.zeros(len(side))
    with threadpool_limits(1):
        for inside, outside in StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, side):
            model = LogisticRegression(C=0.1, max_iter=200, class_weight="balanced").fit(rows[inside], side[inside])
            sure[outside] = model.predict_proba(rows[outside])[:, 1]
    return sure[len(reference) :]


def _features(sample: Sample, basis: Columns) -> Columns:
    return np.concatenate([sample.embeddings @ basis, sample.statistics], axis=1)
