"""A segmenter bundle in memory: pictures of any size in, probability maps of that size and embeddings out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from sightloop.bundles.classifier import REFERENCE, normalisation
from sightloop.bundles.format import Manifest, read
from sightloop.bundles.graphs import MODEL, RUNTIME_ERRORS, open_session
from sightloop.bundles.reference import Reference
from sightloop.core.arrays import Embedding, Pixels, ProbabilityMap
from sightloop.core.errors import BadBundle
from sightloop.core.ports import Outputs
from sightloop.vision.tiles import Blend, Tile, cut, grid

CORES = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
MULTIPLE = 32  # what height and width of a tile are multiples of where the manifest says nothing
OVERLAP = 8  # neighbouring tiles share one part in so many of a tile's side
PEAK = 8  # the probability of a picture is that of its so-manyth surest pixel: one pixel alone is noise
MIRRORS = ((), (2,), (1,), (1, 2))  # axes of (classes, height, width)

Answered = tuple[NDArray[np.float32], Embedding]


class Segmenter:
    """A loaded bundle; safe to call from several threads."""

    def __init__(self, folder: Path, manifest: Manifest | None = None, *, threads: int = 1) -> None:
        """Load the bundle in `folder`, verified first unless its `manifest` was read already. Raises BadBundle."""
        self.manifest = manifest or read(folder)
        self._session = open_session(folder / MODEL, threads=threads)
        self._name = self._session.get_inputs()[0].name
        self._scale, self._offset = normalisation(self.manifest.input)
        self.multiple = int(self.manifest.params.get("multiple", MULTIPLE))
        self._mirrors = MIRRORS if self.manifest.params.get("flips") else MIRRORS[:1]
        self._side = max(1, self.manifest.input.size // self.multiple) * self.multiple
        reference = folder / REFERENCE
        self._reference = Reference.open(reference) if reference.exists() else None
        self._pool = ThreadPoolExecutor(max(1, CORES // threads), thread_name_prefix="tile")
        self._check()

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    @property
    def input_size(self) -> None:
        """None: pictures come at their own size."""

    def predict(self, batch: Sequence[Pixels]) -> Outputs:
        """Answer for each picture; see `core.ports.Outputs` for shapes.

        The probability of a class is that of its eighth surest pixel; the embedding is the mean over all tiles.
        """
        answered = [self._answer(pixels) for pixels in batch]
        maps = [found for found, _ in answered]
        embeddings = np.array([embedding for _, embedding in answered], np.float32).reshape(len(batch), self.width)
        probabilities = np.array([peaks(found) for found in maps], np.float64).reshape(len(maps), len(self.classes))
        off_domain = self._reference.off_domain(embeddings) if self._reference else [None] * len(batch)
        return Outputs(probabilities, embeddings, off_domain, maps)

    def raw(self, pixels: Pixels) -> tuple[NDArray[np.float32], Embedding]:
        """Probabilities (classes, height, width), 0..1, and the embedding (d,) of pixels run in one piece.

        Height and width must be multiples of what the model asks for.
        """
        image = (pixels.transpose(2, 0, 1) * self._scale + self._offset)[None]
        total, embedding = self._mirrored(image, self._mirrors[0])
        for axes in self._mirrors[1:]:
            more, other = self._mirrored(image, axes)
            total, embedding = total + more, embedding + other
        return total / np.float32(len(self._mirrors)), embedding / np.float32(len(self._mirrors))

    def _mirrored(self, image: NDArray[np.float32], axes: tuple[int, ...]) -> Answered:
        there = np.ascontiguousarray(np.flip(image[0], axes))[None]
        logits, embeddings = self._session.run(["logits", "embedding"], {self._name: there})
        return np.flip(_sigmoid(logits[0]), axes), embeddings[0]

    def _answer(self, pixels: Pixels) -> tuple[ProbabilityMap, Embedding]:
        size, overlap = (pixels.shape[0], pixels.shape[1]), self._side // OVERLAP
        tiles = grid(size, tile=self._side, overlap=overlap, multiple=self.multiple)
        blend = Blend(size, len(self.classes), overlap=overlap)
        total: NDArray[np.float32] = np.zeros(1, np.float32)
        for tile, (probabilities, embedding) in zip(tiles, self._answers(pixels, tiles), strict=True):
            blend.add(tile, probabilities)
            total = total + embedding * np.float32(tile.height * tile.width)
        if len(tiles) > 1:
            self._shrink()
        return blend.finish(), total / max(float(np.linalg.norm(total)), 1e-12)

    def _answers(self, pixels: Pixels, tiles: Sequence[Tile]) -> Iterator[Answered]:
        """What the model says of each tile, in order; several tiles at once, but never all of them in memory."""
        if len(tiles) == 1:
            yield self._tile(pixels, tiles[0])
            return
        waiting: deque[Future[Answered]] = deque()
        for tile in tiles:
            waiting.append(self._pool.submit(self._tile, pixels, tile))
            if len(waiting) > CORES:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _shrink(self) -> None:
        """Give back the memory that large tiles took: ONNX Runtime does so behind a run that asks for it."""
        options = ort.RunOptions()
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        least = np.zeros((1, 3, self.multiple, self.multiple), np.float32)
        self._session.run(["logits"], {self._name: least}, options)

    def _tile(self, pixels: Pixels, tile: Tile) -> Answered:
        return self.raw(cut(pixels, tile, multiple=self.multiple))

    def _check(self) -> None:
        height, width = self.multiple, 2 * self.multiple
        grey = np.full((height, width, 3), 128, np.uint8)
        try:
            probabilities, embedding = self.raw(grey)
        except RUNTIME_ERRORS as error:
            raise BadBundle(f"{MODEL} does not run: {error}.") from error
        wanted = (len(self.classes), height, width)
        if probabilities.shape != wanted or embedding.ndim != 1 or not np.isfinite(probabilities).all():
            raise BadBundle(f"{MODEL} answers {probabilities.shape} where {wanted} is expected, or no numbers.")
        self.width = len(embedding)
        if self._reference is not None and self._reference.basis.shape[0] != self.width:
            raise BadBundle(
                f"{REFERENCE} is for embeddings of {self._reference.basis.shape[0]} numbers, not of {self.width}."
            )


PREDICTOR = Segmenter


def peaks(found: ProbabilityMap) -> list[float]:
    """For each class the probability (0..1) of its eighth surest pixel, or of its least sure where there are fewer."""
    ranks = [min(PEAK, plane.size) for plane in found]
    counts = [np.bincount(plane.reshape(-1), minlength=256) for plane in found]
    above = [np.cumsum(count[::-1]) for count in counts]
    return [(255 - int(np.searchsorted(count, rank))) / 255 for count, rank in zip(above, ranks, strict=True)]


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)), which overflows nowhere in this form."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), np.float32)
