"""Two models on the same pictures: how far apart they are, whether that is chance, and how many more would tell.

Near-duplicates count once: differences are tested over groups, and intervals are widened by the groups' design effect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sightloop.measure.calibration import BINS, bin_of
from sightloop.measure.intervals import group_codes, group_sums, resampled

Values = NDArray[np.float64]

ALPHA = 0.05  # of every test, one-sided
POWER = 0.8  # with which the missing number of labels is estimated
PRACTICAL = 100_000  # more labels than that are no advice
RESAMPLES = 1000
FEWEST = 30  # groups; resampling fewer would take three lucky pictures for a proof


@dataclass(frozen=True)
class Pair:
    """Two models on the same pictures: `live` and `candidate` (n,) are 1 or 0 for right or wrong; or 0..1, the `dice`.

    `groups` are the near-duplicate group of each, `targets` its true class.
    """

    live: Values
    candidate: Values
    groups: Sequence[str]
    targets: Sequence[str]
    dice: bool = False

    def __len__(self) -> int:
        return len(self.groups)


def difference(pair: Pair) -> tuple[float, float, float]:
    """The mean of candidate − live with its one-sided 95 % lower and upper bounds.

    Of right and wrong answers: the score interval of paired shares (Tango, Statistics in Medicine 1998), which stays
    honest where nothing differs; of Dice: a t interval over groups.
    """
    if not len(pair):
        return 0.0, -1.0, 1.0
    gained = pair.candidate - pair.live
    effect = _design_effect(gained, pair.groups)
    if pair.dice:
        return _t_bounds(gained, effect)
    n, won, lost = (int(x) / effect for x in (len(pair), (gained > 0).sum(), (gained < 0).sum()))
    return float(gained.mean()), _tango(n, won, lost), -_tango(n, lost, won)


def mcnemar(pair: Pair) -> tuple[int, int, float, float]:
    """Groups where the candidate does better and worse on the whole, and the exact one-sided p of each direction."""
    net = _group_totals(pair.candidate - pair.live, pair.groups)
    won, lost = int((net > 0).sum()), int((net < 0).sum())
    both = won + lost
    if both == 0:
        return 0, 0, 1.0, 1.0
    return won, lost, float(stats.binom.sf(won - 1, both, 0.5)), float(stats.binom.sf(lost - 1, both, 0.5))


def part(pair: Pair, chosen: NDArray[np.bool_]) -> Pair:
    pick = np.flatnonzero(chosen).tolist()
    return Pair(
        pair.live[pick],
        pair.candidate[pick],
        [pair.groups[index] for index in pick],
        [pair.targets[index] for index in pick],
        pair.dice,
    )


def _group_totals(values: Values, groups: Sequence[str]) -> Values:
    codes, count = group_codes(groups)
    return group_sums(values[:, None], codes, count)[:, 0]


def _design_effect(values: Values, groups: Sequence[str]) -> float:
    """How many times larger the variance of the mean is than if pictures were independent; at least 1."""
    codes, count = group_codes(groups)
    centred = values - values.mean()
    within = float((centred**2).sum())
    if within == 0:
        return len(values) / max(1, count)
    return max(1.0, float((group_sums(centred[:, None], codes, count) ** 2).sum()) / within)


def _tango(n: float, won: float, lost: float) -> float:
    """Lower end of the one-sided 95 % score interval of (won − lost) / n."""
    z = NormalDist().inv_cdf(1 - ALPHA)

    def score(delta: float) -> float:
        b = -won - lost + (2 * n - won + lost) * delta
        c = -lost * delta * (1 - delta)
        q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        spread = n * (2 * q + delta * (1 - delta))
        return (won - lost - n * delta) / math.sqrt(spread) if spread > 0 else math.inf

    low, high = -1.0, (won - lost) / n
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > z else (low, middle)
    return low


def _t_bounds(values: Values, effect: float) -> tuple[float, float, float]:
    mean, n = float(values.mean()), len(values) / effect
    if n < 2:
        return mean, -1.0, 1.0
    half = float(stats.t.ppf(1 - ALPHA, n - 1)) * float(values.std(ddof=1)) / math.sqrt(n)
    half = max(half, -math.log(ALPHA) / n * 0.01)  # where no two masks differ, "the rule of three" of a hundredth
    return mean, mean - half, mean + half


def superior(pair: Pair) -> tuple[float, float]:
    """Two-sided 90 % bootstrap interval over groups of the difference in macro recall, or of mean Dice over classes.

    Fewer than 30 groups tell nothing: (-1, 1).
    """
    codes, count = group_codes(pair.groups)
    if count < FEWEST:
        return -1.0, 1.0
    names, which = np.unique(np.asarray(pair.targets, dtype=np.str_), return_inverse=True)
    onehot = np.eye(len(names))[which]
    gained = onehot * (pair.candidate - pair.live)[:, None]
    sums = group_sums(np.concatenate([onehot, gained], axis=1), codes, count)
    blocks = [drawn @ sums for drawn in resampled(count, resamples=RESAMPLES, seed=0, width=2 * len(names))]
    totals = np.concatenate(blocks)
    seen, won = totals[:, : len(names)], totals[:, len(names) :]
    rates = np.divide(won, seen, out=np.full_like(won, np.nan), where=seen > 0)
    low, high = np.percentile(np.nanmean(rates, axis=1), [100 * ALPHA, 100 - 100 * ALPHA])
    return float(low), float(high)


def calibration_errors(pair: Pair, claimed: tuple[Values, Values]) -> tuple[float, float, float]:
    """The calibration errors of both, and the one-sided 95 % lower bound of how much larger the candidate's is.

    Args:
        pair: right and wrong answers.
        claimed: (n,) confidences, 0..1, of the live model and the candidate.

    Returns:
        as `measure.calibration.ece` has them; the bound by resampling groups, -1 where there are fewer than 30.
    """
    codes, count = group_codes(pair.groups)
    gaps = [_gaps(said, right) for said, right in zip(claimed, (pair.live, pair.candidate), strict=True)]
    live, candidate = (float(np.abs(one.sum(axis=0)).sum()) / len(pair) for one in gaps)
    if count < FEWEST:
        return live, candidate, -1.0
    sums = group_sums(np.concatenate([np.ones((len(pair), 1)), *gaps], axis=1), codes, count)
    drawn = [one @ sums for one in resampled(count, resamples=RESAMPLES, seed=0, width=sums.shape[1])]
    totals = np.concatenate(drawn)
    before, after = (np.abs(part).sum(axis=1) for part in np.split(totals[:, 1:], 2, axis=1))
    return live, candidate, float(np.percentile((after - before) / totals[:, 0], 100 * ALPHA))


def _gaps(claimed: Values, right: Values) -> Values:
    """(n, bins): confidence − right in the bin of the confidence, 0 elsewhere."""
    return np.asarray(np.eye(BINS)[bin_of(claimed)] * (claimed - right)[:, None])


def more(pair: Pair, *, margin: float, value: float) -> int | None:
    """How many more pictures would tell, with a power of 80 %, if the difference is what it seems.

    None where no number would, or only one beyond `PRACTICAL`. Where nothing is to be gained by the difference that was
    seen, an equal model is assumed.
    """
    gained = pair.candidate - pair.live
    seen = value if margin + value > 0 else 0.0
    if margin + seen <= 0:
        return None
    z = NormalDist().inv_cdf(1 - ALPHA) + NormalDist().inv_cdf(POWER)
    variance = max(float(gained.var()), 1 / max(1, len(pair))) * _design_effect(gained, pair.groups)
    missing = max(1, math.ceil(z * z * variance / (margin + seen) ** 2) - len(pair))
    return missing if missing <= PRACTICAL else None
