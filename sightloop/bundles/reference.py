"""`reference.npz`: what a bundle's training pictures look like, to notice pictures that are unlike all of them.

k nearest neighbours on L2-normalised embeddings (Sun et al., "Out-of-Distribution Detection with Deep Nearest
Neighbors", ICML 2022). The similarity of a picture to the bank is computed in the bank's leading singular directions,
not re-normalised there, so that what a picture has outside of them makes it less similar; this costs a tenth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Embedding
from sightloop.core.errors import BadBundle

NEIGHBOURS = 10
BANK = 2000
RANK = 128

Arrays = Mapping[str, NDArray[np.generic]]


class Reference:
    """The bank and the held-out distances of one bundle, ready to judge embeddings."""

    def __init__(self, arrays: Arrays) -> None:
        try:
            bank, basis = arrays["bank"].astype(np.float32), arrays["basis"].astype(np.float32)
            held_out = arrays["distances"].astype(np.float32)
        except KeyError as error:
            raise BadBundle(f"reference.npz lacks {error}.") from error
        if bank.ndim != 2 or basis.ndim != 2 or basis.shape[0] != bank.shape[1] or held_out.ndim != 1:
            raise BadBundle(f"reference.npz holds arrays of shapes {bank.shape}, {basis.shape}, {held_out.shape}.")
        self.basis = basis  # (d, rank)
        self.projected = np.ascontiguousarray((bank @ basis).T)  # (rank, bank)
        self.held_out = np.sort(held_out)

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

    def off_domain(self, embeddings: Embedding) -> list[float | None]:
        """For each embedding the share (0..1) of held-out pictures nearer to the bank; None without held-out ones."""
        if not len(self.held_out) or self.projected.shape[1] == 0:
            return [None] * len(embeddings)
        ranks = np.searchsorted(self.held_out, self.distances(embeddings), side="left")
        return [float(rank) / len(self.held_out) for rank in ranks]


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
