"""Which pictures deserve a look: the least sure, the least usual, the most different, those at odds with their class.

Vectors are L2-normalised rows (n, d) of any float type; a cosine is in -1..1, and a distance, 1 - cosine, in 0..2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.floating[Any]]
Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

NEAREST = 5
BLOCK = 2048  # rows turned into float32 at once
CELLS = 5_000_000  # cosines computed for one answer: about a tenth of a second
FEWEST, MOST = 256, 4096  # references
FARTHEST = 2.0  # a distance
DIGITS = 6  # a cosine of float16 vectors is no more exact


def uncertainty(confidence: Numbers) -> Numbers:
    """1 - confidence, the least-confidence rule of Lewis and Gale (1994).

    Args:
        confidence: (n,) 0..1, negative where no model has answered.

    Returns:
        (n,) 0..1, and 1 where no model has answered.
    """
    return np.where(confidence < 0, 1.0, 1.0 - confidence)


def cosines(vectors: Vectors, query: Vectors) -> Numbers:
    """How like `query` (d,) every vector is: (n,), -1..1, rounded to six digits."""
    found = np.zeros(len(vectors))
    for rows, block in _blocks(vectors):
        found[rows] = block @ query.astype(np.float32)
    return _rounded(found)


def nearness(vectors: Vectors, groups: Codes, *, asked: Codes, references: Codes) -> Numbers:
    """The mean cosine to the five nearest references of other groups.

    1 - nearness is the outlier score of Angiulli and Pizzuti (2002); a random sample of references serves nearly as
    well as all of them (Sugiyama and Borgwardt 2013).

    Args:
        groups: (n,) near-duplicate groups; a picture's own group does not tell how usual it is.
        asked: (a,) the rows to score.
        references: (r,) the rows to compare with.

    Returns:
        (a,) -1..1, NaN where there is no reference of another group.
    """
    one_kind = np.zeros(len(references), np.int64)
    return _nearness(vectors, groups, asked=asked, references=references, kinds=one_kind, count=1)[:, 0]


def oddness(vectors: Vectors, groups: Codes, *, classes: Codes, asked: Codes, seed: int = 0) -> tuple[Numbers, Codes]:
    """How much more a picture is like the pictures of another class than like those of its own.

    That is the nearness to the best other class minus the nearness to its own, both to a sample that holds equally many
    pictures of each class. Of labels made wrong on purpose (5 % of 972 and 416 photographs), 91 and 98 % of the places
    in front went to wrong ones; with the nearness to the own class alone 75 and 82 %.

    Args:
        groups: (n,) near-duplicate groups.
        classes: (n,) 0..c-1.
        asked: (a,) the rows to score; the others only serve as references.

    Returns:
        (a,) scores in -2..2: above 0 another class is nearer, NaN where its class has no picture of another group;
        (a,) the best other class, -1 where there is only one class (the score is then -nearness).
    """
    drawn = sample_of_each(classes, most=references(len(asked)), seed=seed)
    count = int(classes.max(initial=0)) + 1
    near = _nearness(vectors, groups, asked=asked, references=drawn, kinds=classes[drawn], count=count)
    each, own_class = np.arange(len(near)), classes[asked]
    own = near[each, own_class]
    near[each, own_class] = np.nan
    others = np.where(np.isnan(near), -np.inf, near)
    best = others.max(axis=1)
    alone = np.isneginf(best)
    return np.where(alone, -own, best - own).round(DIGITS), np.where(alone, -1, others.argmax(axis=1))


def farthest_first(vectors: Vectors, *, centres: Vectors, count: int) -> tuple[Codes, Numbers]:
    """Greedy k-centre: again and again the vector farthest from every centre and every earlier pick.

    The core-set selection of Sener and Savarese (2018), whose largest distance is at most twice the best possible.

    Args:
        centres: (c, d), where people have looked already; without any, the first vector is picked first.
        count: how many to pick at most.

    Returns:
        (k,) row numbers in the order picked; (k,) the distance of each when it was picked, 2 where there was no centre.
    """
    rows = vectors.astype(np.float32)
    nearest = np.full(len(rows), -1.0, np.float32)
    for _, block in _blocks(centres):
        nearest = np.maximum(nearest, (rows @ block.T).max(axis=1))
    picked, distances = [], []
    for _ in range(min(count, len(rows))):
        place = int(nearest.argmin())
        picked.append(place)
        distances.append(1.0 - float(nearest[place]))
        nearest = np.maximum(nearest, rows @ rows[place])
        nearest[place] = np.inf
    return np.array(picked, np.int64), np.round(np.clip(distances, 0.0, FARTHEST), DIGITS)


def references(asked: int) -> int:
    """How many references an answer about so many pictures can afford."""
    return min(MOST, max(FEWEST, CELLS // max(1, asked)))


def sample_of_each(classes: Codes, *, most: int, seed: int = 0) -> Codes:
    """Row numbers (r,) of a random sample with equally many of each class as far as there are, at least five."""
    shuffled = np.random.default_rng(seed).permutation(len(classes))
    names = np.unique(classes)
    share = max(NEAREST, most // max(1, len(names)))
    kept = [shuffled[classes[shuffled] == name][:share] for name in names]
    return np.sort(np.concatenate(kept)) if kept else shuffled


def sample(count: int, *, most: int, seed: int = 0) -> Codes:
    """Row numbers (r,) of a random sample of `count` rows, in order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def best_first(scores: Numbers, ids: Sequence[str], *, most: int, seed: int = 0) -> Codes:
    """Row numbers of the highest `scores` (n,), highest first; ids and seed alone settle ties, NaN is left out."""
    known = np.flatnonzero(~np.isnan(scores))
    if len(known) > most > 0:
        known = known[scores[known] >= np.partition(scores[known], -most)[-most]]
    ordered = sorted(known.tolist(), key=lambda row: (-scores[row], _lot(ids[row], seed)))
    return np.array(ordered[:most], np.int64)


def codes(values: Sequence[object]) -> Codes:
    """A number from 0 on for each different value, in the order in which they first come."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)


def _lot(image_id: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed} {image_id}".encode(), digest_size=8).digest()


def _blocks(vectors: Vectors) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    for rows in _slices(len(vectors)):
        yield rows, vectors[rows].astype(np.float32)


def _slices(count: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, count, BLOCK))


def _nearness(vectors: Vectors, groups: Codes, *, asked: Codes, references: Codes, kinds: Codes, count: int) -> Numbers:
    """As `nearness`, to the references of each of `count` kinds: (a, count)."""
    found = np.full((len(asked), count), np.nan)
    across = vectors[references].astype(np.float32).T
    columns = [np.flatnonzero(kinds == kind) for kind in range(count)]
    for rows in _slices(len(asked)):
        likeness = vectors[asked[rows]].astype(np.float32) @ across  # (block, r)
        likeness[groups[asked[rows], None] == groups[references]] = -np.inf
        for kind, mine in enumerate(columns):
            found[rows, kind] = _mean_of_best(likeness[:, mine])
    return _rounded(found)


def _mean_of_best(likeness: NDArray[np.float32]) -> Numbers:
    """The mean of the five highest finite values in each row of (n, r), NaN where there is none."""
    best = np.partition(likeness, -NEAREST, axis=1)[:, -NEAREST:] if likeness.shape[1] > NEAREST else likeness
    there = np.isfinite(best)
    total, count = np.where(there, best, 0.0).sum(axis=1), there.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _rounded(found: Numbers) -> Numbers:
    return found.clip(-1.0, 1.0).round(DIGITS)
