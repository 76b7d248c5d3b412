"""What a project's pictures look like, from counts that are kept while they come in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sightloop.core.entities import Json

BARS = 20


def sizes(width_counts: Mapping[int, int], height_counts: Mapping[int, int]) -> Json:
    """Widths and heights in pixels, each {count, min, max, mean, histogram [{low, high, count}]}.

    `low` and `high` of a bar are both inside it; min, max and mean are None where nothing was counted.
    """
    return {"width": _spread(width_counts), "height": _spread(height_counts)}


def _spread(counts: Mapping[int, int]) -> Json:
    weights = np.fromiter(counts.values(), np.int64, len(counts))
    lengths = np.fromiter(counts.keys(), np.int64, len(counts))[weights > 0]
    weights = weights[weights > 0]
    total = int(weights.sum())
    if not total:
        return {"count": 0, "min": None, "max": None, "mean": None, "histogram": []}
    return {
        "count": total,
        "min": int(lengths.min()),
        "max": int(lengths.max()),
        "mean": float((lengths * weights).sum() / total),
        "histogram": _bars(lengths, weights),
    }


def _bars(lengths: np.typing.NDArray[np.int64], weights: np.typing.NDArray[np.int64]) -> list[Json]:
    low, span = int(lengths.min()), int(np.ptp(lengths)) + 1
    step = -(-span // BARS)
    counts = np.bincount((lengths - low) // step, weights=weights)
    return [
        {"low": low + bar * step, "high": low + (bar + 1) * step - 1, "count": int(count)}
        for bar, count in enumerate(counts)
    ]
