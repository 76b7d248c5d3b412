"""`reference.npz`: what a bundle's training pictures look like, to notice pictures that are unlike all of them.

k nearest neighbours on L2-normalised embeddings (Sun et al., "Out-of-Distribution Detection with Deep Nearest
Neighbors", ICML 2022). The similarity of a picture to the bank is computed in the bank's leading singular directions,
not re-normalised there, so that what a picture has outside of them makes it less similar; this costs a tenth.

Beside it, how unsure the model is (1 - the largest calibrated probability: Hendrycks and Gimpel, "A Baseline for
Detecting Misclassified and Out-of-Distribution Examples", ICLR 2017). Each becomes a p-value among the held-out
pictures, and the logarithms are added as Fisher did, the second with half the weight (Good, "On the Weighted
Combination of Significance Tests", 1955): a stranger may well make a model sure. As the two depend on each other, the
sum is ranked among the held-out pictures' sums once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Embedding, Scores
from sightloop.core.errors import BadBundle

NEIGHBOURS = 10
BANK = 2000
RANK = 128
LEAST = 20  # held-out pictures before a share of them means anything
DOUBT = 0.5  # weight of being unsure beside the distance
ROUNDING = 1e-6  # excesses that are no larger say nothing
TAIL = 0.2  # share of the held-out pictures that shows how the tail goes on

Arrays = Mapping[str, NDArray[np.generic]]


class Tail:
    """How large a number is among known ones, beyond the largest of them too.

    Up to the 80 % quantile it is the rank. The excesses over it are taken as exponential, which is what excesses over
    a high threshold come to for all but heavy tails (Pickands, "Statistical Inference Using Extreme Order Statistics",
    1975; Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001, chapter 4). A new excess over the
    mean of k known ones follows F(2, 2k), so a share of 1 % is 1 % whatever k is, instead of more while k is small.
    """

    def __init__(self, known: NDArray[np.float64]) -> None:
        self.known = np.sort(known)
        self.many = max(1, round(TAIL * len(known)))  # excesses
        self.threshold = float(self.known[-self.many - 1])
        self.sum = max(float((self.known[-self.many :] - self.threshold).sum()), ROUNDING)

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Natural logarithm of the chance (n,) that an ordinary number is at least as large as each of `values`."""
        above = len(self.known) - np.searchsorted(self.known, values, side="left")
        rank = np.log((above + 1) / (len(self.known) + 1))
        excess = np.maximum(values - self.threshold, 0)
        tail = np.log((self.many + 1) / (len(self.known) + 1)) - self.many * np.log1p(excess / self.sum)
        return np.asarray(np.where(excess > 0, tail, rank), np.float64)


class Reference:
    """The bank and the held-out pictures of one bundle, ready to judge embeddings."""

    def __init__(self, arrays: Arrays) -> None:
        try:
            bank, basis = arrays["bank"].astype(np.float32), arrays["basis"].astype(np.float32)
            held_out, probabilities = arrays["embeddings"].astype(np.float32), arrays["probabilities"]
        except KeyError as error:
            raise BadBundle(f"reference.npz lacks {error}.") from error
        shapes = bank.shape, basis.shape, held_out.shape, probabilities.shape
        fit = len(bank.shape) == 2 and {held_out.shape[1:], basis.shape[:1]} == {bank.shape[1:]}
        if not fit or len(held_out) != len(probabilities) or basis.ndim != 2:
            raise BadBundle(f"reference.npz holds arrays of shapes {', '.join(map(str, shapes))}.")
        self.basis = basis  # (d, rank)
        self.projected = np.ascontiguousarray((bank @ basis).T)  # (rank, bank)
        self.size = len(held_out) if len(bank) else 0
        if self.size >= LEAST:
            self._learn(self.distances(held_out), probabilities.astype(np.float64))

    @classmethod
    def open(cls, path: Path) -> Reference:
        """Read the file written by `save`. Raises BadBundle."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls({name: arrays[name] for name in arrays.files})
        except (OSError, ValueError) as error:
            raise BadBundle(f"reference.npz cannot be read: {error}.") from error

    def distances(self, embeddings: Embedding) -> NDArray[np.float32]:
        """1 - cosine similarity to the k-th nearest picture of the bank, for (n, d) L2-normalised embeddings."""
        if self.projected.shape[1] == 0:
            return np.zeros(len(embeddings), np.float32)
        similar = (embeddings @ self.basis) @ self.projected  # (n, bank)
        k = min(NEIGHBOURS, similar.shape[1])
        kth = np.partition(similar, similar.shape[1] - k, axis=1)[:, similar.shape[1] - k]
        return np.asarray(1.0 - kth, np.float32)

    def off_domain(self, embeddings: Embedding, probabilities: Scores | None = None) -> list[float | None]:
        """For each picture the share (0..1) of ordinary ones that are less strange.

        Args:
            embeddings: (n, d) L2-normalised.
            probabilities: (n, classes) calibrated; None judges by distance alone, where being unsure is no strangeness.

        Returns:
            n numbers; of ordinary pictures about a share p is above 1 - p. None for each where fewer than 20 pictures
            were held out.
        """
        if self.size < LEAST:
            return [None] * len(embeddings)
        logs = self._far(self.distances(embeddings).astype(np.float64))
        if probabilities is not None:
            logs = self._strange(-logs - DOUBT * self._unsure(_doubt(probabilities)))
        return [float(-np.expm1(log)) for log in logs]

    def _learn(self, distances: NDArray[np.float32], probabilities: Scores) -> None:
        far, doubt = distances.astype(np.float64), _doubt(probabilities)
        self._far, self._unsure = Tail(far), Tail(doubt)
        self._strange = Tail(-self._far(far) - DOUBT * self._unsure(doubt))


def _doubt(probabilities: Scores) -> NDArray[np.float64]:
    """How unsure the model is, (n,), at the precision that the file keeps."""
    return np.asarray(1.0 - probabilities.astype(np.float32).max(axis=1), np.float64)


def build(
    train: Embedding, targets: Sequence[int], *, held_out: Embedding, probabilities: NDArray[np.float64], seed: int = 0
) -> dict[str, NDArray[np.generic]]:
    """The arrays of `reference.npz`.

    Args:
        train: (n, d) L2-normalised embeddings of training pictures; at most `BANK`, class-balanced, are kept.
        targets: their classes.
        held_out: (m, d) L2-normalised embeddings of the calibration side, which the bank never meets.
        probabilities: (m, classes) calibrated, of the same held-out pictures.

    Returns:
        bank (≤ 2000, d) float16, bank_targets, basis (d, ≤ 128) float16, distances (m,) float32 sorted, embeddings
        (m, d) float16, probabilities (m, classes) float32, confidences (m,) float32 sorted.
    """
    chosen = balanced(targets, limit=BANK, seed=seed)
    bank = train[chosen].astype(np.float16)
    arrays: dict[str, NDArray[np.generic]] = {
        "bank": bank,
        "bank_targets": np.asarray(targets, np.int32)[chosen],
        "basis": _basis(bank.astype(np.float32)),
        "embeddings": held_out.astype(np.float16),
        "probabilities": probabilities.astype(np.float32),
        "confidences": np.sort(probabilities.max(axis=1)).astype(np.float32) if len(probabilities) else np.zeros(0),
        "distances": np.zeros(0, np.float32),
    }
    if len(held_out):
        arrays["distances"] = np.sort(Reference(arrays).distances(held_out.astype(np.float32)))
    return arrays


def save(path: Path, arrays: Arrays) -> None:
    """Write the arrays without compression (embeddings do not compress)."""
    with path.open("wb") as file:
        np.savez(file, **{name: np.asarray(array) for name, array in arrays.items()})  # type: ignore[arg-type]


def balanced(targets: Sequence[int], *, limit: int, seed: int = 0) -> NDArray[np.intp]:
    """Indices of at most `limit` examples, as even over the classes as they allow, in ascending order."""
    labels = np.asarray(targets, np.int64)
    order = np.random.default_rng(seed).permutation(len(labels))
    rank = np.empty(len(labels), np.int64)  # how many of its class came before it
    for label in np.unique(labels):
        members = order[labels[order] == label]
        rank[members] = np.arange(len(members))
    return np.sort(order[np.argsort(rank[order], kind="stable")][:limit])


def _basis(bank: NDArray[np.float32]) -> NDArray[np.generic]:
    """Leading right singular vectors of the bank, (d, ≤ RANK), through the smaller Gram matrix of (d, d)."""
    if not len(bank):
        return np.zeros((bank.shape[1], 0), np.float16)
    _, vectors = np.linalg.eigh(bank.T.astype(np.float64) @ bank.astype(np.float64))
    return np.ascontiguousarray(vectors[:, ::-1][:, :RANK]).astype(np.float16)
