"""Boosted trees on a frozen encoder in memory: one graph that embeds, a linear layer, and what the trees add to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightloop.bundles.classifier import Classifier
from sightloop.bundles.format import Manifest, read
from sightloop.bundles.trees import Trees
from sightloop.core.arrays import Embedding, Pixels
from sightloop.core.errors import BadBundle

LAYER, BOOSTER = "layer.npz", "booster.txt"
BINARY = np.array([[-0.5, 0.5]])  # one score tells two classes


@dataclass(frozen=True)
class Head:
    """Logits = embeddings @ weight.T + bias + trees; `weight` (classes, d) and `bias` (classes,) are float32."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    trees: Trees

    @classmethod
    def open(cls, folder: Path) -> Head:
        """Read the layer and the trees beside it. Raises BadBundle."""
        trees = Trees.open(folder / BOOSTER)
        try:
            with np.load(folder / LAYER, allow_pickle=False) as arrays:
                weight, bias = (np.asarray(arrays[name], np.float32) for name in ("weight", "bias"))
        except (OSError, ValueError, KeyError) as error:
            raise BadBundle(f"{LAYER} cannot be read: {error}.") from error
        wanted = len(bias) if len(bias) > 2 else 1
        if (
            weight.ndim != 2
            or bias.shape != weight.shape[:1]
            or trees.scores != wanted
            or trees.width > weight.shape[1]
        ):
            raise BadBundle(f"{LAYER} of {weight.shape} numbers does not belong to {BOOSTER}.")
        return cls(weight, bias, trees)

    def __call__(self, embeddings: Embedding) -> NDArray[np.float32]:
        """Logits (n, classes) of embeddings (n, d)."""
        grown = self.trees(embeddings)
        return np.asarray(
            embeddings @ self.weight.T + self.bias + (grown if self.trees.scores > 1 else grown @ BINARY), np.float32
        )


class Boosted(Classifier):
    """A loaded bundle; safe to call from several threads."""

    wanted = ("embedding",)

    def __init__(
        self, folder: Path, manifest: Manifest | None = None, *, threads: int = 1, precision: str = "auto"
    ) -> None:
        """Load the bundle in `folder`, verified first unless its `manifest` was read already. Raises BadBundle."""
        manifest = manifest or read(folder)
        self._head = Head.open(folder)
        super().__init__(folder, manifest, threads=threads, precision=precision)

    def raw(self, batch: Sequence[Pixels]) -> tuple[NDArray[np.float32], Embedding]:
        """Logits (n, classes) before the temperature, and L2-normalised embeddings (n, d), both float32."""
        embeddings: Embedding = self._session.run(["embedding"], {self._name: self.tensor(batch)})[0]
        return self.logits_of(embeddings), embeddings

    def logits_of(self, embeddings: Embedding) -> NDArray[np.float32]:
        """Logits (n, classes) before the temperature, of embeddings (n, d) that an equal `manifest.encoder` made.

        Raises:
            BadBundle: embeddings of another width.
        """
        if embeddings.shape[1] != self._head.weight.shape[1]:
            raise BadBundle(f"{LAYER} takes {self._head.weight.shape[1]} numbers, not {embeddings.shape[1]}.")
        return self._head(embeddings)


PREDICTOR = Boosted
