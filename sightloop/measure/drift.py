"""Has the stream of pictures changed? Five families of two-sample tests of a window against held-out pictures.

Rabanser et al., "Failing Loudly" (NeurIPS 2019), for many univariate tests with Bonferroni's correction; what is new is
that an alarm also needs an effect worth a person's time, and that every test shares one yearly budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from sightloop.core.entities import Json

Columns = NDArray[np.float64]

FAMILIES = 5
THRESHOLD = 0.05
COMPONENTS = 32
LEAST = 100  # pictures in a window
DISTANCE, VARIATION, EXCESS = 0.10, 0.10, 0.03  # effects worth an alarm: KS distance, total variation, strange share
TAIL = 0.95  # off-domain percentile from which on a picture counts as strange
TOLD = 5  # columns told of each family
LEAST_OF_CLASS = 30
RESAMPLES = 9999


@dataclass(frozen=True)
class Sample:
    """Pictures as numbers: `answers` (n, a) probabilities, or figures of masks, `embeddings` (n, d) L2-normalised.

    `statistics` (n, s) of the pictures themselves, `predicted` (n,) indices of classes, `strange` (n,) the off-domain
    percentile 0..1. Missing values are NaN and take part in no test.
    """

    answers: Columns
    embeddings: Columns
    statistics: Columns
    predicted: NDArray[np.int64]
    strange: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.predicted)

    def keep(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Sample:
        """Only the chosen rows."""
        return Sample(
            self.answers[chosen],
            self.embeddings[chosen],
            self.statistics[chosen],
            self.predicted[chosen],
            self.strange[chosen],
        )


@dataclass(frozen=True)
class Names:
    """What the columns are called: of the answers, of the statistics, and of the classes."""

    answers: Sequence[str]
    statistics: Sequence[str]
    classes: Sequence[str]


@dataclass(frozen=True)
class Evidence:
    """What one family of tests says: `p` corrected within the family, `effect` its largest, `worst` its columns."""

    name: str
    p: float
    effect: float
    worst: list[Json] = field(default_factory=list)


def components(embeddings: Columns) -> Columns:
    """(d, ≤ 32) directions in which training embeddings differ most."""
    centred = embeddings - embeddings.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return np.ascontiguousarray(vectors[:, ::-1][:, :COMPONENTS])


def ks(reference: Columns, window: Columns, weights: NDArray[np.float64] | None = None) -> tuple[Columns, Columns]:
    """Kolmogorov-Smirnov distances and p-values of each column of (m, k) against (n, k).

    The p-values are asymptotic with Stephens' correction (1970), within 0.01 of the exact ones from 50 pictures on.

    Args:
        weights: (m,) of the reference's rows; None weighs them alike. Its effective size is Kish's.
    """
    columns = reference.shape[1]
    if not columns or not len(reference) or not len(window):
        return np.zeros(columns), np.ones(columns)
    order = np.argsort(reference, axis=0)  # what is missing comes last
    known = np.take_along_axis(reference, order, axis=0)
    share = (np.ones(len(reference)) if weights is None else weights)[order] * ~np.isnan(known)
    total, squares = share.sum(axis=0), (share**2).sum(axis=0)
    below = np.concatenate([np.zeros((1, columns)), np.cumsum(share, axis=0)]) / np.maximum(total, 1e-12)
    fresh = np.sort(window, axis=0)
    n = (~np.isnan(fresh)).sum(axis=0)
    distances = [_distance(known[:, at], below[:, at], fresh[: n[at], at]) for at in range(columns)]
    found = np.where((n > 0) & (total > 0), distances, 0.0)
    m = total**2 / np.maximum(squares, 1e-12)
    root = np.sqrt(m * n / np.maximum(m + n, 1))
    return found, special.kolmogorov((root + 0.12 + 0.11 / np.maximum(root, 1e-9)) * found)


def _distance(known: Columns, below: Columns, fresh: Columns) -> float:
    """The distance of sorted values from a step function that is below[k] after k of the sorted `known` values.

    The largest gap is at, or just before, one of the fresh values: only those are looked up.
    """
    n = len(fresh)
    if not n:
        return 0.0
    steps = np.arange(n + 1) / n
    above = steps[1:] - below[known.searchsorted(fresh, side="right")]
    under = below[known.searchsorted(fresh, side="left")] - steps[:-1]
    return float(max(above.max(), under.max()))


def evidence(
    reference: Sample, window: Sample, *, basis: Columns, names: Names, weights: NDArray[np.float64] | None = None
) -> list[Evidence]:
    """The five families, each with its p corrected within it (Bonferroni over columns)."""
    turned = [f"component {number + 1}" for number in range(basis.shape[1])]
    return [
        _by_ks("answers", reference.answers, window.answers, names.answers, weights),
        _by_class(reference, window, names.classes, weights),
        _by_ks("embedding", reference.embeddings @ basis, window.embeddings @ basis, turned, weights),
        _by_ks("statistics", reference.statistics, window.statistics, names.statistics, weights),
        _by_tail(reference, window, weights),
    ]


def union(found: Sequence[Evidence]) -> float:
    """The p of all families together."""
    return min(1.0, FAMILIES * min(one.p for one in found))


def material(found: Sequence[Evidence]) -> bool:
    """Whether some family that rejects has an effect worth a person's time."""
    least = {"classes": VARIATION, "strangers": EXCESS}
    return any(FAMILIES * one.p < THRESHOLD and one.effect >= least.get(one.name, DISTANCE) for one in found)


def within_classes(reference: Sample, window: Sample, *, basis: Columns, names: Names) -> list[Json]:
    """The same tests among the pictures that are answered with one class, for classes with at least 30 on both sides.

    Returns:
        rows {class, n, p, family, effect}, p corrected over classes (Holm 1979), smallest first.
    """
    rows: list[Json] = []
    for index, name in enumerate(names.classes):
        here, there = reference.predicted == index, window.predicted == index
        if min(here.sum(), there.sum()) < LEAST_OF_CLASS:
            continue
        parts = reference.keep(here), window.keep(there)
        found = [one for one in evidence(*parts, basis=basis, names=names) if one.name != "classes"]
        worst = min(found, key=lambda one: one.p)
        p = min(1.0, len(found) * worst.p)
        rows.append({"class": name, "n": int(there.sum()), "p": p, "family": worst.name, "effect": worst.effect})
    rows.sort(key=lambda row: row["p"])
    largest = 0.0
    for place, row in enumerate(rows):
        largest = max(largest, min(1.0, row["p"] * (len(rows) - place)))
        row["p"] = largest
    return rows


def _by_ks(
    name: str, reference: Columns, window: Columns, columns: Sequence[str], weights: NDArray[np.float64] | None
) -> Evidence:
    distances, p = ks(reference, window, weights)
    if not len(p):
        return Evidence(name, 1.0, 0.0)
    order = np.argsort(p, kind="stable")
    worst = [{"column": columns[at], "distance": float(distances[at]), "p": float(p[at])} for at in order[:TOLD]]
    return Evidence(name, float(min(1.0, p[order[0]] * len(p))), float(distances[order[0]]), worst)


def _by_class(
    reference: Sample, window: Sample, classes: Sequence[str], weights: NDArray[np.float64] | None
) -> Evidence:
    """Pearson's chi-square of the predicted classes, and the total variation of their shares."""
    count = len(classes)
    share = np.bincount(reference.predicted, weights=weights, minlength=count)
    now = np.bincount(window.predicted, minlength=count)
    size = len(reference) if weights is None else float(weights.sum() ** 2 / (weights**2).sum())
    table = np.stack([share / max(share.sum(), 1e-9) * size, now])
    table = table[:, table.sum(axis=0) > 0]
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-9)
    variation = float(np.abs(shares[0] - shares[1]).sum() / 2) if table.size else 0.0
    p = _chi_square(table) if table.shape[1] > 1 else 1.0
    before, after = share / max(share.sum(), 1e-9), now / max(now.sum(), 1)
    order = np.argsort(-np.abs(after - before), kind="stable")[:TOLD]
    worst = [{"column": classes[at], "before": float(before[at]), "after": float(after[at])} for at in order]
    return Evidence("classes", p, variation, worst)


def _chi_square(table: Columns) -> float:
    """Pearson's test of two rows of counts; by resampling (fixed seed) where counts are too small for its curve."""
    pooled, sizes = table.sum(axis=0) / table.sum(), table.sum(axis=1)
    seen = _statistic(table[None])
    if (np.outer(sizes, pooled) >= 1).all():
        return float(special.chdtrc(table.shape[1] - 1, seen[0]))
    rng = np.random.default_rng(0)
    drawn = np.stack([rng.multinomial(max(1, round(size)), pooled, RESAMPLES) for size in sizes], axis=1)
    return float((1 + (_statistic(drawn.astype(np.float64)) >= seen).sum()) / (RESAMPLES + 1))


def _statistic(tables: Columns) -> Columns:
    """Pearson's chi-square of (n, 2, k) tables."""
    rows, columns = tables.sum(axis=2, keepdims=True), tables.sum(axis=1, keepdims=True)
    expected = rows * columns / rows.sum(axis=1, keepdims=True)
    apart = np.divide((tables - expected) ** 2, expected, out=np.zeros_like(expected), where=expected > 0)
    return np.asarray(apart.sum(axis=(1, 2)))


def _by_tail(reference: Sample, window: Sample, weights: NDArray[np.float64] | None) -> Evidence:
    """Whether more pictures are strange than are among held-out ones: Fisher's exact test, one-sided.

    How many of the held-out ones are strange is uncertain too, which a binomial test against their share forgets.
    """
    known = ~np.isnan(reference.strange)
    strange, usual = window.strange[~np.isnan(window.strange)], reference.strange[known]
    weight = np.ones(len(usual)) if weights is None else weights[known]
    if not len(strange) or weight.sum() <= 0:
        return Evidence("strangers", 1.0, 0.0)
    size = round(float(weight.sum() ** 2 / (weight**2).sum()))
    expected = max(float(((usual >= TAIL) * weight).sum() / weight.sum()), 1 - TAIL)
    before, seen = round(expected * size), int((strange >= TAIL).sum())
    p = float(stats.hypergeom.sf(seen - 1, size + len(strange), before + seen, len(strange))) if seen else 1.0
    worst: list[Json] = [{"column": "strange pictures", "before": expected, "after": seen / len(strange)}]
    return Evidence("strangers", p, max(0.0, seen / len(strange) - expected), worst)
