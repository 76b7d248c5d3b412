"""How good class answers are: every figure with a bootstrap interval over near-duplicate groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Scores
from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.measure.calibration import BINS, bin_of
from sightloop.measure.intervals import CONFIDENCE, figure, group_codes, group_sums, resampled, wilson_figure

FIGURES = ("accuracy", "unknown_share", "macro_f1", "macro_precision", "macro_recall", "roc_auc", "ece")
RANKING_WORK = 400_000_000  # cells: beyond this the AUC's interval is made of fewer resamples
CURVE_POINTS = 200

Rows = NDArray[np.float64]


def score(
    probabilities: Scores,
    targets: NDArray[np.integer],
    *,
    classes: Sequence[str],
    groups: Sequence[str],
    floor: float,
    seed: int = 0,
    resamples: int = 1000,
) -> Json:
    """Compare answers with the truth.

    Args:
        probabilities: (n, c), rows sum to 1.
        targets: (n,) indices into `classes`; pictures a human called `unknown` do not belong here.
        classes: c names.
        groups: (n,) ids of near-duplicate groups, the units that are resampled.
        floor: confidence below which an answer is shown as `unknown`.
        seed: of the bootstrap.
        resamples: of the bootstrap; 0 leaves the intervals out.

    Returns:
        JSON-ready: n, groups, floor, confidence, resamples; accuracy (of the arg-max, `unknown` or not), unknown_share,
        macro_f1, macro_precision, macro_recall, roc_auc (one-vs-rest, the second class where there are two), ece, each
        {value, low, high} with None where undefined; per_class [{class, n, precision, recall, f1, intervals}];
        confusion (truth, answer). Macro figures are means over the classes that have at least one picture. Shares of
        exactly 0 or 1, where resampling cannot vary, get Wilson's interval over the groups instead.

    Raises:
        Rejected: the shapes do not fit, a target is no class, or a probability is not 0..1.
    """
    scores, truth = _checked(probabilities, targets, classes, groups)
    head = {"n": len(truth), "floor": floor, "confidence": CONFIDENCE, "resamples": resamples}
    if not len(truth):
        nothing = {name: {"value": None, "low": None, "high": None} for name in FIGURES}
        empty = [_class_row(name, 0, {}) for name in classes]
        return head | {"groups": 0} | nothing | {"per_class": empty, "confusion": _confusion(truth, truth, classes)}
    codes, count = group_codes(groups)
    features = _features(scores, truth, floor)
    drawn = _bootstrap(scores, truth, features, codes=codes, count=count, seed=seed, resamples=resamples)
    whole = _figures(features.sum(axis=0)[None], len(classes))
    whole["roc_auc"] = _auc(np.ones((1, len(truth))), _rankings(scores, truth))
    return (
        head
        | {"groups": count}
        | {name: _with_interval(name, whole, drawn, groups=count) for name in FIGURES}
        | {"per_class": _per_class(classes, whole, drawn, about=_groups_about(scores, truth, codes, count))}
        | {"confusion": _confusion(truth, scores.argmax(axis=1), classes)}
    )


def roc_curves(probabilities: Scores, targets: NDArray[np.integer], *, classes: Sequence[str]) -> list[Json]:
    """One-vs-rest curves [{class, auc, fpr, tpr}] of the classes that have both sides, at most 200 points each."""
    scores, truth = _checked(probabilities, targets, classes, [""] * len(targets))
    curves = []
    for index, name in enumerate(classes):
        positive = truth == index
        if positive.any() and not positive.all():
            order = np.argsort(-scores[:, index], kind="stable")
            ends = np.append(np.flatnonzero(np.diff(scores[order, index])), len(order) - 1)
            tpr = np.append(0.0, np.cumsum(positive[order])[ends] / positive.sum())
            fpr = np.append(0.0, np.cumsum(~positive[order])[ends] / (~positive).sum())
            kept = np.unique(np.linspace(0, len(tpr) - 1, min(len(tpr), CURVE_POINTS)).round().astype(int))
            auc = float(np.trapezoid(tpr, fpr))
            curves.append({"class": name, "auc": auc, "fpr": fpr[kept].tolist(), "tpr": tpr[kept].tolist()})
    return curves


def _checked(
    probabilities: Scores, targets: NDArray[np.integer], classes: Sequence[str], groups: Sequence[str]
) -> tuple[Rows, NDArray[np.int64]]:
    truth = np.asarray(targets, dtype=np.int64)
    scores = np.asarray(probabilities, dtype=np.float64)
    scores = scores if scores.size else scores.reshape(0, len(classes))
    if scores.shape != (len(truth), len(classes)) or len(groups) != len(truth):
        raise Rejected(
            f"{scores.shape} probabilities and {len(groups)} groups for {len(truth)} pictures, {len(classes)} classes."
        )
    if len(truth) and not 0 <= truth.min() <= truth.max() < len(classes):
        raise Rejected(f"targets {truth.min()}..{truth.max()} are not indices into {len(classes)} classes.")
    if not ((scores >= 0) & (scores <= 1 + 1e-6)).all():
        raise Rejected("a probability is not in 0..1.", hint="Score softmax outputs, not logits.")
    return scores, truth


def _features(scores: Rows, truth: NDArray[np.int64], floor: float) -> Rows:
    """What every figure is a function of the sum of: (n, 2 + BINS + 3 classes), see `_figures`."""
    confidence, answer = scores.max(axis=1), scores.argmax(axis=1)
    hits = (answer == truth).astype(np.float64)
    gaps = np.zeros((len(truth), BINS))
    gaps[np.arange(len(truth)), bin_of(confidence)] = hits - confidence
    names = np.eye(scores.shape[1])
    below = (confidence < floor).astype(np.float64)
    return np.hstack(
        [np.ones((len(truth), 1)), below[:, None], gaps, names[truth], names[answer], names[truth] * hits[:, None]]
    )


def _figures(sums: Rows, classes: int) -> dict[str, Rows]:
    """From summed features (resamples, features) to figures (resamples,) and per-class figures (resamples, classes)."""
    count, below, gaps = sums[:, 0], sums[:, 1], sums[:, 2 : 2 + BINS]
    true, answered, right = np.split(sums[:, 2 + BINS :], [classes, 2 * classes], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = right / true
        precision = np.where(answered > 0, right / answered, 0.0)
        f1 = 2 * right / (true + answered)
    absent = true == 0
    per_class = {
        name: np.where(absent, np.nan, values)
        for name, values in (("precision", precision), ("recall", recall), ("f1", f1))
    }
    present = np.maximum((~absent).sum(axis=1), 1)
    macro = {f"macro_{name}": np.nansum(values, axis=1) / present for name, values in per_class.items()}
    return (
        per_class
        | macro
        | {
            "n": true,
            "accuracy": right.sum(axis=1) / count,
            "unknown_share": below / count,
            "ece": np.abs(gaps).sum(axis=1) / count,
        }
    )


@dataclass(frozen=True)
class _Ranking:
    """One class against the rest: each positive's place among the negatives, which are sorted by score."""

    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]


def _rankings(scores: Rows, truth: NDArray[np.int64]) -> list[_Ranking]:
    found = []
    for index in range(scores.shape[1]) if scores.shape[1] != 2 else (1,):
        positives, negatives = np.flatnonzero(truth == index), np.flatnonzero(truth != index)
        if len(positives) and len(negatives):
            negatives = negatives[np.argsort(scores[negatives, index], kind="stable")]
            line, marks = scores[negatives, index], scores[positives, index]
            found.append(
                _Ranking(positives, negatives, np.searchsorted(line, marks), np.searchsorted(line, marks, side="right"))
            )
    return found


def _auc(weights: Rows, rankings: Sequence[_Ranking]) -> Rows:
    """Macro area under the ROC curve per row of picture weights (resamples, n): Mann and Whitney's U, ties half."""
    areas = np.full((len(weights), max(1, len(rankings))), np.nan)
    for column, ranking in enumerate(rankings):
        below = np.zeros((len(weights), len(ranking.negatives) + 1))
        np.cumsum(weights[:, ranking.negatives], axis=1, out=below[:, 1:])
        wins = (below[:, ranking.left] + below[:, ranking.right]) / 2
        positive = weights[:, ranking.positives]
        pairs = positive.sum(axis=1) * below[:, -1]
        np.divide((positive * wins).sum(axis=1), pairs, out=areas[:, column], where=pairs > 0)
    defined = ~np.isnan(areas)
    counted = defined.sum(axis=1)
    return np.where(counted > 0, np.where(defined, areas, 0).sum(axis=1) / np.maximum(counted, 1), np.nan)


def _bootstrap(
    scores: Rows,
    truth: NDArray[np.int64],
    features: Rows,
    *,
    codes: NDArray[np.int64],
    count: int,
    seed: int,
    resamples: int,
) -> dict[str, Rows]:
    if count < 2 or resamples < 1:
        return {}
    sums, rankings = group_sums(features, codes, count), _rankings(scores, truth)
    ranked = max(100, RANKING_WORK // max(1, len(truth) * len(rankings)))
    parts: list[dict[str, Rows]] = []
    done = 0
    for drawn in resampled(count, resamples=resamples, seed=seed, width=max(len(truth), features.shape[1])):
        areas = np.full(len(drawn), np.nan)
        areas[: max(0, ranked - done)] = _auc(drawn[: max(0, ranked - done)][:, codes], rankings)
        parts.append(_figures(drawn @ sums, scores.shape[1]) | {"roc_auc": areas})
        done += len(drawn)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _with_interval(name: str, whole: dict[str, Rows], drawn: dict[str, Rows], *, groups: int) -> Json:
    value = float(whole[name][0])
    if name in ("accuracy", "unknown_share") and value in (0.0, 1.0):
        return wilson_figure(value, groups)
    return figure(value, drawn.get(name, np.zeros(0)))


def _groups_about(scores: Rows, truth: NDArray[np.int64], codes: NDArray[np.int64], count: int) -> dict[str, Rows]:
    """How many groups speak of each class, (classes,): by truth for recall and F1, by answer for precision."""

    def groups_of(named: NDArray[np.int64]) -> Rows:
        seen = np.zeros((count, scores.shape[1]))
        seen[codes, named] = 1
        return np.asarray(seen.sum(axis=0), dtype=np.float64)

    true = groups_of(truth)
    return {"recall": true, "f1": true, "precision": groups_of(scores.argmax(axis=1))}


def _per_class(
    classes: Sequence[str], whole: dict[str, Rows], drawn: dict[str, Rows], *, about: dict[str, Rows]
) -> list[Json]:
    rows = []
    for index, name in enumerate(classes):
        figures = {
            key: _of_class(float(whole[key][0, index]), drawn[key][:, index] if drawn else None, int(groups[index]))
            for key, groups in about.items()
        }
        rows.append(_class_row(name, int(whole["n"][0, index]), figures))
    return rows


def _of_class(value: float, drawn: Rows | None, groups: int) -> Json:
    """A class's figure; at exactly 0 or 1 resampling cannot vary, so its interval is Wilson's over the groups."""
    if drawn is not None and value in (0.0, 1.0):
        return wilson_figure(value, groups)
    return figure(value, np.zeros(0) if drawn is None else drawn)


def _class_row(name: str, count: int, figures: dict[str, Json]) -> Json:
    nothing = {"value": None, "low": None, "high": None}
    found = {key: figures.get(key, nothing) for key in ("precision", "recall", "f1")}
    values = {key: figure["value"] for key, figure in found.items()}
    return (
        {"class": name, "n": count}
        | values
        | {"intervals": {key: [figure["low"], figure["high"]] for key, figure in found.items()}}
    )


def _confusion(truth: NDArray[np.int64], answers: NDArray[np.int64], classes: Sequence[str]) -> list[list[int]]:
    size = len(classes)
    counts = np.bincount(truth * size + answers, minlength=size * size).reshape(size, size)
    return [[int(cell) for cell in row] for row in counts]
