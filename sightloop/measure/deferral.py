"""When a fast model may answer by itself: the certified limit of a cascade, and what people would have chosen.

The loss of a limit t is L(t) = P(confidence >= t and the fast answer costs something), which only grows as t falls, as
does its count on any pictures. Walking t down from "defer everything" and stopping at the first count k with
P(Binomial(n, epsilon) <= k) > delta therefore keeps P(L(t*) > epsilon) <= delta for every n and every distribution,
wherever the steps of the walk lie: fixed-sequence Learn-then-Test (Angelopoulos, Bates, Candès, Jordan and Lei,
"Learn then Test", 2021, section 3; for losses that only grow: Bates et al., "Distribution-free, risk-controlling
prediction sets", 2021, theorem 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected

STEPS = 100
PROMISES = (0.005, 0.01, 0.02, 0.03, 0.05)  # losses of accuracy that `allows` lists
KS = (0, 1, 2)

Confidences = NDArray[np.float64]
Losses = NDArray[np.bool_]


@dataclass(frozen=True)
class Certificate:
    """What may be promised: at or above `threshold` the fast model answers; None defers everything.

    `n` pictures certify, at `k` of those at or above the threshold its answer costs something, which is `bound` of all
    pictures at most (one-sided Clopper-Pearson at 1 - `delta`; 0 where everything is deferred). `share_fast` (0..1) of
    the pictures lie at or above it. `curve` has a row {threshold, accepted, k, p_value, passed} per step of the walk.
    `needed` is the least n that certifies anything.
    """

    threshold: float | None
    n: int
    k: int
    epsilon: float
    delta: float
    share_fast: float
    bound: float
    curve: Sequence[Json]
    needed: int


def certify(
    confidences: Confidences, losses: Losses, *, epsilon: float, delta: float, steps: int = STEPS, least: float = 0.0
) -> Certificate:
    """The lowest limit at which P(L > `epsilon`) <= `delta` is certain; see the module.

    Args:
        confidences: (n,) of the fast model, 0..1, on pictures on which nothing was fitted, each drawn by itself.
        losses: (n,) whether the fast answer costs something: it is wrong and the accurate one right, or, without
            labels, they differ.
        epsilon: loss that may be risked, within 0 and 1.
        delta: chance that the promise is broken all the same, within 0 and 1.
        steps: quantiles of the confidences that are walked.
        least: limits below this are not tried.

    Raises:
        Rejected: the lengths differ, a confidence is not 0..1, or epsilon or delta is out of range.
    """
    sure, lost = _checked(confidences, losses)
    _check_promise(epsilon, delta)
    curve = _walk(sure, lost, _quantiles(sure, steps, least), epsilon=epsilon, delta=delta)
    passed = next((number for number, row in enumerate(curve) if not row["passed"]), len(curve))
    last: Json = curve[passed - 1] if passed else {"threshold": None, "accepted": 0, "k": 0}
    return Certificate(
        threshold=last["threshold"],
        n=len(sure),
        k=last["k"],
        epsilon=epsilon,
        delta=delta,
        share_fast=last["accepted"] / max(1, len(sure)),
        bound=upper(last["k"], len(sure), delta=delta) if passed else 0.0,
        curve=curve,
        needed=needed(epsilon, delta),
    )


def naive(confidences: Confidences, losses: Losses, *, epsilon: float) -> float | None:
    """What people do: the lowest limit whose loss on these very pictures is at most `epsilon`; promises nothing.

    Args and Raises as `certify`; None where even the surest answers cost more.
    """
    sure, lost = _checked(confidences, losses)
    limits = np.unique(sure)[::-1]
    allowed = limits[_counts(sure, limits, lost) <= epsilon * len(sure)]
    return float(allowed[-1]) if len(allowed) else None


def human_band(confidences: Confidences, wrong: Losses, *, epsilon: float, delta: float) -> Certificate:
    """The lowest confidence from which on answers may be given: P(confidence >= u and wrong) <= `epsilon`.

    Args:
        confidences: (n,) of the answers; where the limit between the members was found on the same pictures, of the
            surest wrong answer that any such limit could give, see `surest_wrong`.
        wrong: (n,) whether that answer is wrong.
    """
    return certify(confidences, wrong, epsilon=epsilon, delta=delta)


def surest_wrong(
    fast: tuple[Confidences, Losses], accurate: tuple[Confidences, Losses], *, least: float
) -> tuple[Confidences, Losses]:
    """For each picture the confidence of the surest wrong answer that a cascade with any limit >= `least` could give.

    Which limit a walk ends at depends on the pictures; what is certified of this worst case holds for all of them.

    Args:
        fast: (n,) confidences, and whether the answers are wrong.
        accurate: the same of the accurate member.

    Returns:
        (n,) confidences and whether there is a wrong answer; the lower of both confidences where there is none.
    """
    possible = fast[1] & (fast[0] >= least)
    wrong = possible | accurate[1]
    surest = np.maximum(np.where(possible, fast[0], 0.0), np.where(accurate[1], accurate[0], 0.0))
    return np.where(wrong, surest, np.minimum(fast[0], accurate[0])), wrong


def renew(n: int, disagreements: int, share_fast: float, *, epsilon: float, delta: float) -> Json:
    """Whether a promise still holds, from an audit of answers that the fast model gave.

    Args:
        n: audited answers, each drawn by chance among those it gave.
        disagreements: of them, where the accurate model says something else: at least as many as lost something.
        share_fast: share (0..1) of all answers that the fast model gave.

    Returns:
        {verdict, low, high, n, disagreements}: low and high bound the rate of disagreements among all answers, each
        with an error of at most `delta` (Clopper-Pearson); the verdict is "holds" where high is at most `epsilon`,
        "broken" where low is above it, else "undecided".

    Raises:
        Rejected: more disagreements than answers, or a share, epsilon or delta out of range.
    """
    _check_promise(epsilon, delta)
    if not 0 <= disagreements <= n or not 0 <= share_fast <= 1:
        raise Rejected(f"{disagreements} disagreements of {n} answers, share {share_fast}, cannot be.")
    low, high = share_fast * lower(disagreements, n, delta=delta), share_fast * upper(disagreements, n, delta=delta)
    verdict = "holds" if high <= epsilon else "broken" if low > epsilon else "undecided"
    return {"verdict": verdict, "low": low, "high": high, "n": n, "disagreements": disagreements}


def allows(n: int, *, delta: float) -> list[Json]:
    """What `n` pictures could certify at best.

    Returns:
        rows {epsilon, needed, needed_1, needed_2, possible, most}: pictures needed where 0, 1 or 2 answers cost
        something, whether n is enough for 0, and how many may with n (None where not even 0).
    """
    rows = []
    for epsilon in PROMISES:
        least = [needed(epsilon, delta, k=k) for k in KS]
        rows.append(
            {
                "epsilon": epsilon,
                "needed": least[0],
                "needed_1": least[1],
                "needed_2": least[2],
                "possible": n >= least[0],
                "most": _most(n, epsilon, delta),
            }
        )
    return rows


def needed(epsilon: float, delta: float, *, k: int = 0) -> int:
    """The least n with P(Binomial(n, `epsilon`) <= `k`) <= `delta`: 299 for 1 % and 149 for 2 % at 5 % where k is 0."""
    _check_promise(epsilon, delta)
    low, high = k, k + 1
    while p_value(k, high, epsilon=epsilon) > delta:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if p_value(k, middle, epsilon=epsilon) > delta else (low, middle)
    return high


def p_value(k: int, n: int, *, epsilon: float) -> float:
    """P(Binomial(n, epsilon) <= k): how likely so few losses are where the true rate is `epsilon`."""
    from scipy.special import bdtr

    return float(bdtr(k, n, epsilon))


def upper(k: int, n: int, *, delta: float) -> float:
    """Clopper and Pearson's (1934) upper bound of a rate of which k of n were seen, wrong with chance delta at most."""
    from scipy.special import betaincinv

    return 1.0 if k >= n else float(betaincinv(k + 1, n - k, 1 - delta))


def lower(k: int, n: int, *, delta: float) -> float:
    """The lower bound beside `upper`."""
    from scipy.special import betaincinv

    return 0.0 if k <= 0 else float(betaincinv(k, n - k + 1, delta))


def _most(n: int, epsilon: float, delta: float) -> int | None:
    """The largest k that passes with n pictures."""
    from scipy.special import bdtr

    passing = int((bdtr(np.arange(n + 1), n, epsilon) <= delta).sum())
    return passing - 1 if passing else None


def _quantiles(sure: Confidences, steps: int, least: float) -> Confidences:
    """Confidences that were seen, falling, each with about 1 / steps of the pictures more at or above it."""
    if not len(sure):
        return np.zeros(0)
    places = np.ceil(len(sure) * np.arange(1, steps + 1) / steps).astype(np.int64) - 1
    found = np.unique(np.sort(sure)[::-1][places])[::-1]
    return np.asarray(found[found >= least], np.float64)


def _walk(sure: Confidences, lost: Losses, limits: Confidences, *, epsilon: float, delta: float) -> list[Json]:
    from scipy.special import bdtr

    everything = np.ones(len(sure), np.bool_)
    accepted, counts = _counts(sure, limits, everything), _counts(sure, limits, lost)
    chances = bdtr(counts, len(sure), epsilon)
    return [
        {"threshold": float(t), "accepted": int(many), "k": int(k), "p_value": float(p), "passed": bool(p <= delta)}
        for t, many, k, p in zip(limits, accepted, counts, chances, strict=True)
    ]


def _counts(sure: Confidences, limits: Confidences, of: Losses) -> NDArray[np.int64]:
    """How many of the pictures marked in `of` lie at or above each limit."""
    marked = np.sort(sure[of])
    return np.asarray(len(marked) - np.searchsorted(marked, limits, side="left"), np.int64)


def _checked(confidences: Confidences, losses: Losses) -> tuple[Confidences, Losses]:
    sure, lost = np.asarray(confidences, np.float64), np.asarray(losses, np.bool_)
    if sure.ndim != 1 or sure.shape != lost.shape:
        raise Rejected(f"confidences of shape {sure.shape} and losses of shape {lost.shape} cannot be paired.")
    if not ((sure >= 0) & (sure <= 1 + 1e-9)).all():
        raise Rejected("a confidence is not within 0 and 1.", hint="Give probabilities, not logits.")
    return sure, lost


def _check_promise(epsilon: float, delta: float) -> None:
    if not (0 < epsilon < 1 and 0 < delta < 1):
        raise Rejected(f"epsilon {epsilon} and delta {delta} must lie within 0 and 1.", hint="For example 0.02, 0.05.")
