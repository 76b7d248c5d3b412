"""A classifier bundle in memory: pixels in, calibrated probabilities, embeddings and strangeness out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightloop.bundles import graphs
from sightloop.bundles.format import Input, Manifest, read
from sightloop.bundles.graphs import MODEL, OUTPUTS, RUNTIME_ERRORS
from sightloop.bundles.reference import Reference
from sightloop.core.arrays import Embedding, Pixels, Scores
from sightloop.core.errors import BadBundle
from sightloop.core.ports import Outputs
from sightloop.vision import eye
from sightloop.vision.resize import fit

REFERENCE = "reference.npz"


class Classifier:
    """A loaded bundle; safe to call from several threads."""

    wanted: Sequence[str] = OUTPUTS  # of the graph

    def __init__(
        self, folder: Path, manifest: Manifest | None = None, *, threads: int = 1, precision: str = "auto"
    ) -> None:
        """Load the bundle in `folder`, verified first unless its `manifest` was read already. Raises BadBundle.

        `precision` is the graph's: fp32, int8 where the bundle has such a copy, or auto, whichever is faster here.
        """
        self.manifest = manifest or read(folder)
        self._session, self.precision = graphs.chosen(
            folder, size=self.manifest.input.size, threads=threads, precision=precision, outputs=self.wanted
        )
        self._name = self._session.get_inputs()[0].name
        self._scale, self._offset = normalisation(self.manifest.input)
        reference = folder / REFERENCE
        self._reference = Reference.open(reference) if reference.exists() else None
        self._check()

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    @property
    def input_size(self) -> int:
        return decode_side(self.manifest.input)

    def predict(self, batch: Sequence[Pixels]) -> Outputs:
        """Answer for each picture; see `core.ports.Outputs` for shapes."""
        return self.answer(*self.raw(batch))

    def answer(self, logits: NDArray[np.float32], embeddings: Embedding) -> Outputs:
        """What `raw` found (by itself, or in parts), calibrated and compared with the reference."""
        probabilities = softmax(logits / self.manifest.temperature)
        strange = self._reference.off_domain(embeddings, probabilities) if self._reference else [None] * len(embeddings)
        return Outputs(probabilities, embeddings, strange)

    def raw(self, batch: Sequence[Pixels]) -> tuple[NDArray[np.float32], Embedding]:
        """Logits (n, classes) before the temperature, and L2-normalised embeddings (n, d), both float32."""
        logits, embeddings = self._session.run(["logits", "embedding"], {self._name: self.tensor(batch)})
        return logits, embeddings

    def tensor(self, batch: Sequence[Pixels]) -> NDArray[np.float32]:
        """The model's input for these pictures: (n, 3, size, size) float32."""
        return to_tensor(batch, self.manifest.input, scale=self._scale, offset=self._offset)

    def _check(self) -> None:
        grey = np.full((self.input_size, self.input_size, 3), 128, np.uint8)
        try:
            logits, embeddings = self.raw([grey])
        except RUNTIME_ERRORS as error:
            raise BadBundle(f"{MODEL} does not run: {error}.") from error
        if logits.shape != (1, len(self.classes)) or embeddings.ndim != 2 or not np.isfinite(logits).all():
            raise BadBundle(f"{MODEL} answers {logits.shape} for {len(self.classes)} classes, or no numbers.")
        if self._reference is not None and self._reference.basis.shape[0] != embeddings.shape[1]:
            raise BadBundle(
                f"{REFERENCE} is for embeddings of {self._reference.basis.shape[0]} numbers, not of this model."
            )


PREDICTOR = Classifier


def normalisation(spec: Input) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scale and offset per channel, (3, 1, 1) float32: value * scale + offset == (value / 255 - mean) / std."""
    mean, std = np.asarray(spec.mean, np.float64), np.asarray(spec.std, np.float64)
    shape = (3, 1, 1)
    return (1 / (255 * std)).astype(np.float32).reshape(shape), (-mean / std).astype(np.float32).reshape(shape)


def to_tensor(
    batch: Sequence[Pixels],
    spec: Input,
    *,
    scale: NDArray[np.float32] | None = None,
    offset: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Resize and normalise pictures: (n, 3, size, size) float32. Training and serving both come through here."""
    if scale is None or offset is None:
        scale, offset = normalisation(spec)
    out = np.empty((len(batch), 3, spec.size, spec.size), np.float32)
    for row, pixels in zip(out, batch, strict=True):
        fitted = resized(pixels, spec)
        np.multiply(fitted.transpose(2, 0, 1), scale, out=row)
        row += offset
    return out


def decode_side(spec: Input) -> int:
    """What the decoder may shrink both sides of a picture to, in pixels: twice the input where a part is cut out."""
    return 2 * spec.size if spec.region else spec.size


def resized(pixels: Pixels, spec: Input) -> Pixels:
    """A picture at the input's size, (size, size, 3) uint8; never for an input that takes pictures as they are."""
    assert spec.mode != "native"
    if spec.region == "eye":
        pixels = eye.cut(pixels)
    return fit(pixels, size=spec.size, mode=spec.mode)


def softmax(logits: NDArray[np.float32]) -> Scores:
    """Rows of float64 that sum to 1."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float64)
