"""Logistic regression on embeddings, its strength chosen by folds of whole groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Embedding
from sightloop.core.entities import Json, Progress
from sightloop.core.ports import Report
from sightloop.families.embedding import Learnt, Parts
from sightloop.measure.calibration import softmax

STRENGTHS = (3.0, 10.0, 30.0, 100.0, 300.0)  # values of C that are tried
ITERATIONS = 300
NEVER = -20.0  # logit of a class without training pictures, below all others


@dataclass(frozen=True)
class Layer:
    """Logits = embeddings @ weight.T + bias."""

    weight: NDArray[np.float32]  # (classes, d)
    bias: NDArray[np.float32]  # (classes,)

    def __call__(self, embeddings: Embedding) -> NDArray[np.float32]:
        return np.asarray(embeddings @ self.weight.T + self.bias, np.float32)


@dataclass(frozen=True)
class Fitted:
    """The layer with the best C, rows {c, loss, chosen} of what was tried, and the logits of the learnt pictures.

    Those logits (n, classes) are of layers that never met a picture's group; zeros where there was only one group.
    """

    layer: Layer
    history: list[Json]
    unseen: NDArray[np.float32]

    @property
    def c(self) -> float:
        return float(next(row["c"] for row in self.history if row["chosen"]))


def fit(learnt: Learnt, parts: Parts, *, c: float, report: Report) -> Fitted:
    """Try every strength on the `parts`, or the one `c` above 0, and fit the best on all."""
    tried = [c] if c else list(STRENGTHS)
    unseen = np.zeros((len(tried), len(learnt.truth), learnt.classes), np.float32)
    losses = np.zeros(len(tried))
    for number, (inside, outside) in enumerate(parts):
        for index, strength in enumerate(tried):
            layer = _fit_inside(learnt, inside, c=strength)
            unseen[index, outside] = layer(learnt.embeddings[outside])
            weights = learnt.weights_of(outside)
            losses[index] += loss(unseen[index, outside], learnt.truth[outside], weights) / len(parts)
        report(Progress(number + 1, len(parts), f"choosing C: fold {number + 1} of {len(parts)}"))
    best = int(losses.argmin())
    report(Progress(0, 1, f"fitting the classifier, C = {tried[best]:g}"))
    layer = _fit_inside(learnt, np.arange(len(learnt.truth)), c=tried[best])
    rows = zip(tried, losses.tolist(), strict=True)
    history = [{"c": one, "loss": found, "chosen": one == tried[best]} for one, found in rows]
    return Fitted(layer, history, unseen[best])


def loss(logits: NDArray[np.float32], truth: NDArray[np.int64], weights: NDArray[np.float64] | None = None) -> float:
    """Mean negative log-likelihood of the classes `truth` (n,) under logits (n, classes), by `weights` (n,)."""
    right = softmax(logits)[np.arange(len(truth)), truth]
    return -float(np.average(np.log(np.maximum(right, 1e-9)), weights=weights))


def _fit_inside(learnt: Learnt, inside: NDArray[np.intp], *, c: float) -> Layer:
    weights = learnt.weights_of(inside)
    return fit_layer(learnt.embeddings[inside], learnt.truth[inside], weights, classes=learnt.classes, c=c)


def _middle(learnt: Embedding, weights: NDArray[np.float64] | None) -> tuple[Embedding, float]:
    """The mean of embeddings (n, d), and what brings their summed variance to 1."""
    if weights is None:
        centre, variance = learnt.mean(axis=0), learnt.var(axis=0)
    else:
        centre = np.average(learnt, axis=0, weights=weights).astype(np.float32)
        variance = np.average((learnt - centre) ** 2, axis=0, weights=weights)
    return centre, 1 / max(float(np.sqrt(variance.sum())), 1e-9)


def fit_layer(
    learnt: Embedding, truth: NDArray[np.int64], weights: NDArray[np.float64] | None = None, *, classes: int, c: float
) -> Layer:
    """Multinomial logistic regression on embeddings (n, d), centred and brought to variance 1 in all.

    Classes without a training picture get a logit below all others. A picture of weight 3 (`weights`, (n,)) counts as
    three copies of it would.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    present = np.unique(truth)
    centre, scale = _middle(learnt, weights)
    weight, bias = np.zeros((classes, learnt.shape[1])), np.full(classes, NEVER)
    if len(present) == 1:
        bias[present] = 0
    else:
        found: Any = LogisticRegression(C=c, max_iter=ITERATIONS)
        with threadpool_limits(1):  # matrices this small are slower on several threads, far slower on a busy machine
            found.fit((learnt - centre) * scale, truth, sample_weight=weights)
        coefficients, intercepts = found.coef_, found.intercept_
        if len(present) == 2:
            coefficients, intercepts = (np.concatenate([-part / 2, part / 2]) for part in (coefficients, intercepts))
        weight[present] = coefficients * scale
        bias[present] = intercepts - weight[present] @ centre
        absent = np.setdiff1d(np.arange(classes), present)
        bias[absent] += float((learnt @ weight[present].T + bias[present]).min())
    return Layer(weight.astype(np.float32), bias.astype(np.float32))
