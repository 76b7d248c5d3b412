"""Whether a confidence of 0.8 is right 8 times in 10, and the one number that makes it so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Scores
from sightloop.core.entities import Json
from sightloop.core.errors import Rejected

BINS = 15
COLDEST, HOTTEST = 0.02, 50.0


def softmax(logits: NDArray[np.floating], *, temperature: float = 1.0) -> Scores:
    """Probabilities (n, c) of `logits` (n, c) / temperature; the arg-max never depends on the temperature."""
    if not temperature > 0:
        raise Rejected(f"temperature {temperature} is not above 0.", hint="1 leaves the probabilities as they are.")
    wide = np.asarray(logits, dtype=np.float64)
    powers = np.exp((wide - wide.max(axis=-1, keepdims=True)) / temperature)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def fit_temperature(logits: NDArray[np.floating], targets: NDArray[np.integer]) -> float:
    """The temperature with the least negative log-likelihood on held-out pictures (Guo et al. 2017).

    Targets are softened to (n + 1) / (n + 2) as in Platt 1999: without that, a handful of pictures which are all right
    would ask for the coldest temperature and every later answer would claim to be certain.

    Args:
        logits: (n, c), of pictures that nothing was trained on.
        targets: (n,) indices into the classes.

    Returns:
        the temperature, 0.02..50; 1 where there are no pictures or only one class.
    """
    if len(logits) == 0 or np.shape(logits)[1] < 2:
        return 1.0
    from scipy.optimize import minimize_scalar

    wide = np.asarray(logits, dtype=np.float64)
    wide = wide - wide.max(axis=1, keepdims=True)
    expected = _softened_mean(wide, np.asarray(targets))

    def loss(log_temperature: float) -> float:
        inverse = np.exp(-log_temperature)
        return float(np.log(np.exp(wide * inverse).sum(axis=1)).mean() - expected * inverse)

    best = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(best.x))


def _softened_mean(logits: NDArray[np.float64], targets: NDArray[np.integer]) -> float:
    count, classes = logits.shape
    softness = 1 / (count + 2)
    right = logits[np.arange(count), targets]
    others = (logits.sum(axis=1) - right) / (classes - 1)
    return float(((1 - softness) * right + softness * others).mean())


def bin_of(confidences: NDArray[np.float64], bins: int = BINS) -> NDArray[np.int64]:
    """The equal-width bin (low, high] of each confidence, 0..bins - 1."""
    return np.clip(np.ceil(confidences * bins).astype(np.int64) - 1, 0, bins - 1)


def reliability(probabilities: Scores, targets: NDArray[np.integer], bins: int = BINS) -> list[Json]:
    """What was claimed and what was right, per bin of top confidence: low, high, n, confidence, accuracy (or None)."""
    confidences = probabilities.max(axis=1) if len(probabilities) else np.zeros(0)
    hits = probabilities.argmax(axis=1) == targets if len(probabilities) else np.zeros(0, dtype=np.bool_)
    which = bin_of(confidences, bins)
    counts = np.bincount(which, minlength=bins)
    claimed = np.bincount(which, weights=confidences, minlength=bins)
    right = np.bincount(which, weights=hits, minlength=bins)
    return [
        {
            "low": b / bins,
            "high": (b + 1) / bins,
            "n": int(counts[b]),
            "confidence": float(claimed[b] / counts[b]) if counts[b] else None,
            "accuracy": float(right[b] / counts[b]) if counts[b] else None,
        }
        for b in range(bins)
    ]


def ece(probabilities: Scores, targets: NDArray[np.integer], bins: int = BINS) -> float:
    """Expected calibration error, 0..1: the mean gap of top confidence and accuracy over equal-width bins.

    Args:
        probabilities: (n, c), rows sum to 1.
        targets: (n,) indices into the classes.

    Raises:
        Rejected: there are no pictures, so there is no gap to speak of.
    """
    if len(probabilities) == 0:
        raise Rejected("no pictures to measure the calibration on.", hint="Give the calibration side some pictures.")
    gaps = (probabilities.argmax(axis=1) == targets) - probabilities.max(axis=1)
    sums = np.bincount(bin_of(probabilities.max(axis=1), bins), weights=gaps, minlength=bins)
    return float(np.abs(sums).sum() / len(probabilities))
