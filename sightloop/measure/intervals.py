"""How far a figure may be off: Wilson's interval, and resampling whole groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json

CONFIDENCE = 0.95
CELLS = 4_000_000  # largest (resamples, pictures) block held at once: 32 MB of float64


def wilson(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of a share of which `k` of `n` were seen; (0, 1) where nothing was seen (Wilson 1927).

    Unlike the bootstrap it stays honest at 0 of n and n of n.
    """
    if n <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, slack = k / n, z * z / n
    middle = (share + slack / 2) / (1 + slack)
    half = z / (1 + slack) * (share * (1 - share) / n + slack / (4 * n)) ** 0.5
    return (0.0 if k == 0 else max(0.0, middle - half)), (1.0 if k == n else min(1.0, middle + half))


def wilson_figure(value: float, groups: int) -> Json:
    """A share that resampling cannot vary, with Wilson's interval over the `groups` it is about: {value, low, high}."""
    low, high = wilson(round(value * groups), groups)
    return {"value": value, "low": min(low, value), "high": max(high, value)}


def group_codes(groups: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """Number the groups: (pictures,) codes from 0, and how many groups there are."""
    names, codes = np.unique(np.asarray(groups, dtype=np.str_), return_inverse=True)
    return codes.astype(np.int64), len(names)


def group_sums(features: NDArray[np.float64], codes: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Add up (pictures, features) within each group, to (groups, features)."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(count))
    return np.add.reduceat(features[order], starts, axis=0)


def resampled(count: int, *, resamples: int, seed: int, width: int) -> Iterator[NDArray[np.float64]]:
    """Draw groups with replacement, as how often each group was drawn.

    Args:
        count: groups there are.
        resamples: bootstrap resamples in all.
        seed: the same seed draws the same groups.
        width: pictures (or cells) the caller makes of each resample; bounds the size of a block.

    Yields:
        blocks of (resamples in the block, groups) counts; each row adds up to `count`.
    """
    rng = np.random.default_rng(seed)
    block = max(1, CELLS // max(count, width, 1))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = rng.integers(0, count, size=(rows, count)) + np.arange(rows)[:, None] * count
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


def bounds(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Percentile interval of resampled figures; resamples where the figure is undefined (nan) are left out."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return None
    low, high = np.percentile(defined, [50 - 50 * confidence, 50 + 50 * confidence])
    return float(low), float(high)


def figure(value: float, values: NDArray[np.float64], confidence: float = CONFIDENCE) -> Json:
    """`value` with its interval {value, low, high}, all None where undefined.

    The interval is widened to hold the value: a resampled calibration error is larger than the true one, so that its
    plain percentiles may leave the value out.
    """
    if np.isnan(value):
        return {"value": None, "low": None, "high": None}
    low, high = bounds(values, confidence) or (None, None)
    return {
        "value": float(value),
        "low": None if low is None else min(low, float(value)),
        "high": None if high is None else max(high, float(value)),
    }
