"""Training pictures as tensors, through the very loader that serves, with augmentation for the training side only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightloop.bundles.classifier import decode_side, normalisation, resized
from sightloop.bundles.format import Input
from sightloop.core.arrays import Pixels
from sightloop.core.entities import Example, TrainingSet
from sightloop.core.errors import BadImage, Rejected
from sightloop.families.parameters import TransferParams
from sightloop.vision.augment import Augmentation, augment
from sightloop.vision.decode import decode

THREADS = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


class Source(Protocol):
    """Model inputs by index; `view` chooses among a picture's augmented copies, 0 is the picture itself."""

    def __len__(self) -> int: ...

    def batch(self, indices: Sequence[int], *, view: int) -> Tensor: ...


@dataclass(frozen=True)
class Changes:
    """How training pictures are changed: `zoom` is the largest share of each side that is cut away."""

    augmentation: Augmentation
    zoom: float = 0.0


def changes(params: TransferParams) -> Changes | None:
    """The augmentation that `params` ask for; None where it is switched off."""
    if not params.augment:
        return None
    wanted = Augmentation(
        rotation=params.rotation,
        flip_horizontal=params.flip_horizontal,
        flip_vertical=params.flip_vertical,
        gaussian_blur=params.gaussian_blur,
        motion_blur=params.motion_blur,
        brightness=params.brightness,
        contrast=params.contrast,
    )
    return Changes(wanted, params.zoom)


class Pictures:
    """Decoded, resized, normalised pictures, (n, 3, size, size) float32; changed ones where `changes` and view > 0."""

    def __init__(
        self, examples: Sequence[Example], spec: Input, *, changes: Changes | None = None, seed: int = 0
    ) -> None:
        self.examples = examples
        self.spec = spec
        self.changes = changes
        self.seed = seed
        self._scale, self._offset = normalisation(spec)

    def __len__(self) -> int:
        return len(self.examples)

    def batch(self, indices: Sequence[int], *, view: int) -> Tensor:
        rows = list(pool().map(lambda index: self.array(index, view=view), indices))
        return torch.from_numpy(np.stack(rows))

    def array(self, index: int, *, view: int) -> NDArray[np.float32]:
        """One normalised picture, (3, size, size)."""
        fitted = self.pixels(index, view=view)
        return np.asarray(fitted.transpose(2, 0, 1) * self._scale + self._offset, np.float32)

    def pixels(self, index: int, *, view: int) -> Pixels:
        """One picture at the input size, (size, size, 3) uint8. Raises BadImage naming the picture."""
        example, spec = self.examples[index], self.spec
        try:
            found = decode(Path(example.path).read_bytes(), shrink_to=decode_side(spec))
        except (OSError, BadImage) as error:
            raise BadImage(f"training picture {example.image_id} cannot be read: {error}.") from error
        if self.changes is None or view == 0:
            return resized(found, spec)
        rng = np.random.default_rng([self.seed, view, index])
        near = zoomed(found, self.changes.zoom, rng=rng)
        return augment(resized(near, spec), self.changes.augmentation, rng=rng)


def zoomed(pixels: Pixels, most: float, *, rng: np.random.Generator) -> Pixels:
    """A window of the same shape, at most the share `most` smaller, somewhere in the picture."""
    share, across, down = 1 - most * rng.random(), rng.random(), rng.random()
    height, width = pixels.shape[:2]
    tall, wide = max(1, round(height * share)), max(1, round(width * share))
    top, left = round((height - tall) * down), round((width - wide) * across)
    return pixels[top : top + tall, left : left + wide]


@dataclass(frozen=True)
class Batches:
    """One pass in batches of nearly equal size, read ahead by one: (inputs, targets), and `weights` where there are."""

    source: Source
    targets: NDArray[np.int64]
    order: NDArray[np.int64]
    size: int
    view: int = 0
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        parts = np.array_split(self.order, len(self)) if len(self) else []
        with ThreadPoolExecutor(1) as ahead:
            following = [ahead.submit(self._load, part) for part in parts[:1]]
            for number in range(len(parts)):
                ready = following.pop().result()
                if number + 1 < len(parts):
                    following.append(ahead.submit(self._load, parts[number + 1]))
                yield ready

    def _load(self, part: NDArray[np.int64]) -> tuple[Tensor, ...]:
        known = self.source.batch(part.tolist(), view=self.view), torch.from_numpy(self.targets[part])
        return known if self.weights is None else (*known, torch.from_numpy(self.weights[part]))


def targets(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Class indices, (n,)."""
    return np.fromiter((example.target for example in examples), np.int64, len(examples))


def weights(examples: Sequence[Example]) -> NDArray[np.float32] | None:
    """What each counts, (n,) with mean 1, so that the rate of learning stays as it is; None where all count alike."""
    found = np.array([example.weight for example in examples], np.float32)
    return found / found.mean() if len(found) and (found != found[0]).any() else None


def check(data: TrainingSet) -> None:
    """Raise Rejected unless there is something to learn: at least two classes with training pictures."""
    taught = {example.target for example in data.train}
    if len(taught) < 2:
        named = ", ".join(data.classes[index] for index in sorted(taught)) or "none"
        raise Rejected(
            f"training needs pictures of at least two classes; there are: {named}.",
            hint="Label or import more pictures.",
        )


_pools: list[ThreadPoolExecutor] = []


def pool() -> ThreadPoolExecutor:
    """Threads for decoding, one per core; the decoders release Python's lock."""
    if not _pools:
        _pools.append(ThreadPoolExecutor(THREADS, thread_name_prefix="decode"))
    return _pools[0]
