"""From what both members of a cascade say to what may be promised of them, as JSON for the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Scores
from sightloop.core.entities import Example, Json
from sightloop.families.parameters import CascadeParams
from sightloop.measure import deferral
from sightloop.measure.deferral import Certificate, Confidences, Losses

BINS = 20


@dataclass(frozen=True)
class Judged:
    """Both members' calibrated probabilities (n, c) of labelled pictures, and the truth (n,)."""

    fast: Scores
    accurate: Scores
    truth: NDArray[np.int64]

    def wrong(self, answers: Scores) -> Losses:
        return np.asarray(answers.argmax(axis=1) != self.truth, np.bool_)

    def losses(self, *, labelled: bool) -> Losses:
        """Where the fast answer costs something: wrong where the accurate one is right, or merely another."""
        if labelled:
            return self.wrong(self.fast) & ~self.wrong(self.accurate)
        return np.asarray(self.fast.argmax(axis=1) != self.accurate.argmax(axis=1), np.bool_)

    def answers(self, threshold: float | None) -> Scores:
        """What a cascade with this limit answers."""
        if threshold is None:
            return self.accurate
        return np.where((top(self.fast) >= threshold)[:, None], self.fast, self.accurate)

    def only(self, rows: Sequence[int]) -> Judged:
        chosen = np.asarray(rows, np.int64)
        return Judged(self.fast[chosen], self.accurate[chosen], self.truth[chosen])


def top(probabilities: Scores) -> Confidences:
    """The highest probability of each row, (n,)."""
    return probabilities.max(axis=1) if len(probabilities) else np.zeros(0)


def alone(examples: Sequence[Example]) -> list[int]:
    """One picture of each group: near copies are no evidence of their own."""
    first: dict[str, int] = {}
    for row in sorted(range(len(examples)), key=lambda row: examples[row].image_id):
        first.setdefault(examples[row].group_id, row)
    return sorted(first.values())


def certificate(tuning: Judged, certifying: Judged, params: CascadeParams) -> Json:
    """The promise, as it stands in the manifest; members and costs are added elsewhere.

    Where a human band is asked for too, each of both promises takes half of delta. The band is certified of the worst
    limit that the first walk could end at, which is kept at or above what `tuning` would naively choose.

    Args:
        tuning: pictures on which the temperature was fitted.
        certifying: one picture of each group, on which nothing was fitted.

    Returns:
        epsilon, delta, form ("labelled" or "label-free"), threshold, n, k, share_fast, bound, needed, curve, human
        {threshold, epsilon, n, k, share, bound, needed} or None, audit, histogram, allows, reason (a sentence where
        less than all is promised).
    """
    asked = params.human > 0
    delta = params.delta / 2 if asked else params.delta
    losses = certifying.losses(labelled=params.labelled)
    least = _least(tuning, params) if asked else 0.0
    sure = top(certifying.fast)
    found = deferral.certify(sure, losses, epsilon=params.epsilon, delta=delta, least=least)
    human = _human(certifying, found, params, least=least) if asked else None
    return {
        "epsilon": found.epsilon,
        "delta": params.delta,
        "form": "labelled" if params.labelled else "label-free",
        "threshold": found.threshold,
        "n": found.n,
        "k": found.k,
        "share_fast": found.share_fast,
        "bound": found.bound,
        "needed": found.needed,
        "curve": list(found.curve),
        "human": human,
        "audit": params.audit,
        "histogram": histogram(certifying),
        "allows": _allows(sure, losses, delta=delta),
        "reason": _reason(found, human),
    }


def _least(tuning: Judged, params: CascadeParams) -> float:
    losses = tuning.losses(labelled=params.labelled)
    return deferral.naive(top(tuning.fast), losses, epsilon=params.epsilon) or 0.0


def _human(certifying: Judged, found: Certificate, params: CascadeParams, *, least: float) -> Json:
    said = [(top(one), certifying.wrong(one)) for one in (certifying.fast, certifying.accurate)]
    sure, wrong = deferral.surest_wrong(said[0], said[1], least=least)
    band = deferral.human_band(sure, wrong, epsilon=params.human, delta=params.delta / 2)
    given = top(certifying.answers(found.threshold))
    share = 1.0 if band.threshold is None or not len(given) else float((given < band.threshold).mean())
    return {
        "threshold": band.threshold,
        "epsilon": band.epsilon,
        "n": band.n,
        "k": band.k,
        "share": share,
        "bound": band.bound,
        "needed": band.needed,
    }


def _allows(sure: Confidences, losses: Losses, *, delta: float) -> list[Json]:
    """The table of what n allows at best, and beside it what these very pictures allow."""
    rows = deferral.allows(len(sure), delta=delta)
    found = [deferral.certify(sure, losses, epsilon=row["epsilon"], delta=delta) for row in rows]
    return [{**row, "share_fast": one.share_fast, "k": one.k} for row, one in zip(rows, found, strict=True)]


def histogram(judged: Judged) -> list[Json]:
    """Rows {low, high, n, wrong, rescued} over the fast member's confidence: rescued are those that the other mends."""
    bins = np.clip((top(judged.fast) * BINS).astype(np.int64), 0, BINS - 1)
    wrong = judged.wrong(judged.fast) if len(judged.truth) else np.zeros(0, np.bool_)
    rescued = judged.losses(labelled=True) if len(judged.truth) else wrong
    counts = [np.bincount(bins[of], minlength=BINS) for of in (np.ones(len(bins), np.bool_), wrong, rescued)]
    return [
        {"low": b / BINS, "high": (b + 1) / BINS, "n": int(n), "wrong": int(w), "rescued": int(r)}
        for b, (n, w, r) in enumerate(zip(*counts, strict=True))
    ]


def _reason(found: Certificate, human: Json | None) -> str | None:
    """Why less is promised than was asked for."""
    said = []
    if found.threshold is None:
        why = _missing(found.n, found.needed, epsilon=found.epsilon, delta=found.delta)
        said.append(f"The fast member answers nothing: {why}.")
    if human is not None and human["threshold"] is None:
        why = _missing(human["n"], human["needed"], epsilon=human["epsilon"], delta=found.delta)
        said.append(f"People answer everything: {why}.")
    return " ".join(said) or None


def _missing(n: int, needed: int, *, epsilon: float, delta: float) -> str:
    promise = f"{100 * epsilon:.3g} % at {100 * (1 - delta):.4g} %"
    if n >= needed:
        return f"even the surest of the {n} certifying answers cost more than {promise} allows"
    return f"{n} pictures certify, {needed} are needed for {promise}: {needed - n} more"
