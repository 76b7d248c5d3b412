"""What a check of drift found, as the report that is kept and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json
from sightloop.flows.drift_reference import Reference
from sightloop.measure.alarm import Decision
from sightloop.measure.drift import Columns, Evidence, Sample
from sightloop.measure.shift import WORDS, driving, kind

SHOWN = 24  # driving pictures
BINS = 20
POINTS = 300
DRAWN = 4  # columns with a histogram
RANDOM, SHIFTED = 30, 20  # labels that are asked for
ASKS = ("covariate", "strangers")
RAISED = {
    "window": "this window alone",
    "twice": "two windows running",
    "month": "the pictures of the last 30 days",
    "classes": "the pictures answered with one class",
}


@dataclass(frozen=True)
class Window:
    """Pictures that came in between two times, in the order of the rows of `sample`; p of the window before."""

    ids: tuple[str, ...]
    sample: Sample
    since: float
    until: float
    came: int
    before: float | None = None
    version: Json = field(default_factory=dict)


def told(reference: Reference, window: Window, decision: Decision, *, month: Sample | None) -> Json:
    """Everything about a check but its id and time.

    Returns:
        {version, version_id, since, until, came (pictures before near copies were set aside), n, held_out (pictures of
        the reference), p, before_p, alarm, by ("window", "twice", "month", "classes" or None), kind, sentence,
        families, classes, cumulative {n, p, families} or None where it was not its turn, rejecting, reweighted_p,
        priors, driving [{image_id, score, nearest}], shares [{class, before, after}], histograms [{family, column,
        edges, before, after}], scatter {before, after} of points, needs "labels" or None, wanted {random, shifted}}.
    """
    tested = month if decision.by == "month" and month is not None else window.sample
    found, why = kind(
        decision.telling,
        reference.sample,
        tested,
        truth=reference.truth,
        basis=reference.basis,
        names=reference.names,
    )
    found = _kind(decision, found)
    scores = driving(reference.sample, window.sample, basis=reference.basis)
    needs = "labels" if found in ASKS else None
    return {
        **window.version,
        "since": window.since,
        "until": window.until,
        "came": window.came,
        "n": len(window.ids),
        "held_out": len(reference.ids),
        "p": decision.p,
        "before_p": window.before,
        "alarm": decision.by is not None,
        "by": decision.by,
        "kind": found,
        "sentence": sentence(decision, found, n=len(window.ids), held_out=len(reference.ids)),
        "families": [family(one) for one in decision.found],
        "classes": list(decision.slow.classes) if decision.slow else [],
        "cumulative": _cumulative(decision),
        **why,
        "driving": _driving(reference, window, scores),
        "shares": _shares(reference, window.sample),
        "histograms": _histograms(reference, window.sample, decision.found),
        "scatter": {"before": _points(reference.sample, reference), "after": _points(window.sample, reference)},
        "needs": needs,
        "wanted": _wanted(window, scores) if needs else None,
    }


def family(one: Evidence) -> Json:
    """As the report has it."""
    return {"name": one.name, "p": one.p, "effect": one.effect, "worst": one.worst}


def sentence(decision: Decision, found: str, *, n: int, held_out: int) -> str:
    """The verdict with its numbers."""
    p = f"p {decision.p:.2g}"
    if decision.by is None:
        return f"No drift: {n} pictures compared with {held_out} held-out ones, {p}."
    first = min(decision.telling, key=lambda one: one.p)
    strongest = first.worst[0]["column"] if first.worst else first.name
    slow = f"; over 30 days p {decision.slow.p:.2g}" if decision.slow and decision.by == "month" else ""
    return (
        f"Drift in {n} pictures ({p}{slow}; raised by {RAISED[decision.by]}). {WORDS[found]} "
        f"Strongest: {strongest} ({first.name}, effect {first.effect:.2f})."
    )


def _kind(decision: Decision, found: str) -> str:
    """Of what raised no alarm, none; an alarm from within a class is of pictures, not of their mix."""
    if decision.by is None:
        return "none"
    return "covariate" if decision.by == "classes" or found == "none" else found


def _cumulative(decision: Decision) -> Json | None:
    slow = decision.slow
    return None if slow is None else {"n": slow.n, "p": slow.p, "families": [family(one) for one in slow.found]}


def _driving(reference: Reference, window: Window, scores: NDArray[np.float64]) -> list[Json]:
    """The pictures that a classifier tells best from held-out ones, each with the held-out one nearest to it."""
    order = np.argsort(-scores, kind="stable")[:SHOWN]
    similar = _unit(window.sample.embeddings[order]) @ _unit(reference.sample.embeddings).T  # (shown, held out)
    rows = zip(order.tolist(), similar.argmax(axis=1), strict=True)
    return [
        {"image_id": window.ids[at], "score": float(scores[at]), "nearest": reference.ids[int(near)]}
        for at, near in rows
    ]


def _unit(rows: Columns) -> Columns:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _wanted(window: Window, scores: NDArray[np.float64]) -> Json:
    """Whose labels would tell what it means: 30 drawn at random, and the 20 others that drive it most.

    The random ones are drawn first and from all, so that what they say of the accuracy is fair.
    """
    drawn = np.random.default_rng(round(window.until)).permutation(len(scores))[:RANDOM]
    order = np.argsort(-scores, kind="stable")
    shifted = order[~np.isin(order, drawn)][:SHIFTED]
    return {name: [window.ids[at] for at in chosen] for name, chosen in (("random", drawn), ("shifted", shifted))}


def _shares(reference: Reference, window: Sample) -> list[Json]:
    classes = reference.names.classes
    before, after = (
        np.bincount(one.predicted, minlength=len(classes)) / max(1, len(one)) for one in (reference.sample, window)
    )
    rows = zip(classes, before.tolist(), after.tolist(), strict=True)
    return [{"class": name, "before": was, "after": now} for name, was, now in rows]


def _histograms(reference: Reference, window: Sample, found: Sequence[Evidence]) -> list[Json]:
    """Of the columns that changed most, whatever their family: shares of pictures in bins of equal width."""
    worst = [(row["p"], one.name, row["column"]) for one in found for row in one.worst if "distance" in row]
    return [
        {"family": name, "column": column, **_bins(*(_column(one, reference, name, column) for one in sides))}
        for sides in [(reference.sample, window)]
        for _, name, column in sorted(worst)[:DRAWN]
    ]


def _column(sample: Sample, reference: Reference, name: str, column: str) -> NDArray[np.float64]:
    if name == "embedding":
        return np.asarray((sample.embeddings @ reference.basis)[:, int(column.split()[-1]) - 1])
    if name == "answers":
        return np.asarray(sample.answers[:, list(reference.names.answers).index(column)])
    return np.asarray(sample.statistics[:, list(reference.names.statistics).index(column)])


def _bins(before: NDArray[np.float64], after: NDArray[np.float64]) -> Json:
    before, after = before[~np.isnan(before)], after[~np.isnan(after)]
    both = np.concatenate([before, after])
    if not len(both):
        return {"edges": [], "before": [], "after": []}
    edges = np.histogram_bin_edges(both, BINS)
    sides = [np.histogram(one, edges)[0] / max(1, len(one)) for one in (before, after)]
    return {"edges": edges.tolist(), "before": sides[0].tolist(), "after": sides[1].tolist()}


def _points(sample: Sample, reference: Reference) -> list[list[float]]:
    """Where at most 300 pictures lie in the first two components."""
    turned: Columns = sample.embeddings @ reference.basis[:, :2]
    some = turned[:: max(1, -(-len(turned) // POINTS))]
    return [[round(float(value), 4) for value in row] for row in some]
