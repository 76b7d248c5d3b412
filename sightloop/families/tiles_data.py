"""Pictures with masks as random tiles at their own size, changed alike, to learn from; and as windows, to judge on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightloop.bundles.classifier import normalisation
from sightloop.bundles.format import Input
from sightloop.core.arrays import Mask, Pixels
from sightloop.core.entities import Example, TrainingSet
from sightloop.core.errors import BadImage, Rejected
from sightloop.families.data import pool, weights
from sightloop.families.parameters import UnetParams
from sightloop.vision import decode, masks
from sightloop.vision.augment import gaussian_blur, light_and_contrast
from sightloop.vision.tiles import Tile, cut, grid
from sightloop.vision.warp import Window, noisy, view

GROUP = 32  # pictures whose tiles are mixed: each is decoded once per epoch, and a batch meets many of them
SEEN = 1024  # pixels of a picture's mask that tiles are drawn around
INNER = 0.1  # a tile drawn around a pixel has it at least this share of its side away from its border
RARE = 0.2  # share of tiles that are blurred, and of those that get noise
STRAIGHT = 0.3  # share of tiles that are neither turned by odd angles nor scaled
JUDGED = 1024  # side of the windows that judge an epoch
WINDOWS = 4  # of each picture at most

Tiled = tuple[Pixels, NDArray[np.uint8]]  # (side, side, 3) and its targets, (classes, side, side) of 0 and 1


class MaskedPictures:
    """The pictures of one side with their masks, decoded when asked for."""

    def __init__(self, examples: Sequence[Example], *, classes: int) -> None:
        self.examples = examples
        self.classes = classes
        self.weights = weights(examples)

    def __len__(self) -> int:
        return len(self.examples)

    def load(self, index: int) -> tuple[Pixels, Mask]:
        """One picture (height, width, 3) and its mask (height, width). Raises BadImage, naming the picture."""
        example = self.examples[index]
        try:
            pixels = decode.decode(Path(example.path).read_bytes())
            found = masks.decode(Path(example.mask).read_bytes()) if example.mask else masks.empty(pixels.shape[:2])
        except (OSError, BadImage) as error:
            raise BadImage(f"training picture {example.image_id} cannot be read: {error}.") from error
        if found.shape != pixels.shape[:2] or found.max(initial=0) > self.classes:
            raise BadImage(
                f"the mask of {example.image_id} has {found.shape[1]} × {found.shape[0]} pixels and classes up to "
                f"{found.max(initial=0)}, its picture {pixels.shape[1]} × {pixels.shape[0]} and {self.classes} classes."
            )
        return pixels, found


@dataclass(frozen=True)
class TileBatches:
    """One epoch: `params.tiles` tiles of every picture in batches of (images, targets), read ahead.

    Images (n, 3, side, side) float32, normalised; targets (n, classes, side, side) float32 of 0 and 1. Where not all
    pictures count alike a batch has a third part, (n,) float32: what each tile counts.
    """

    pictures: MaskedPictures
    spec: Input
    params: UnetParams
    epoch: int

    def __len__(self) -> int:
        return sum(-(-size * self.params.tiles // self.params.batch) for size in self._sizes())

    def _sizes(self) -> list[int]:
        """How many pictures each group has."""
        return [len(part) for part in np.array_split(np.arange(len(self.pictures)), self._groups())]

    def _groups(self) -> int:
        return max(1, -(-len(self.pictures) // GROUP))

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        rng = np.random.default_rng([self.params.seed, self.epoch])
        groups = np.array_split(rng.permutation(len(self.pictures)), self._groups())
        with ThreadPoolExecutor(1) as ahead:
            following = ahead.submit(self._tiles, groups[0])
            for number in range(len(groups)):
                found = following.result()
                if number + 1 < len(groups):
                    following = ahead.submit(self._tiles, groups[number + 1])
                parts = np.array_split(rng.permutation(len(found)), -(-len(found) // self.params.batch))
                yield from (self._batch([found[index] for index in part]) for part in parts)

    def _tiles(self, group: NDArray[np.int64]) -> list[tuple[Tiled, int]]:
        """Tiles with the places of their pictures."""
        found = zip(group.tolist(), pool().map(self._tiles_of, group.tolist()), strict=True)
        return [(tile, index) for index, tiles in found for tile in tiles]

    def _tiles_of(self, index: int) -> list[Tiled]:
        pixels, mask = self.pictures.load(index)
        rng = np.random.default_rng([self.params.seed, self.epoch, index])
        return random_tiles(pixels, mask, params=self.params, classes=self.pictures.classes, rng=rng)

    def _batch(self, tiles: Sequence[tuple[Tiled, int]]) -> tuple[Tensor, ...]:
        images = torch.stack([to_tensor(pixels, self.spec) for (pixels, _), _ in tiles])
        known = images, torch.from_numpy(np.stack([targets for (_, targets), _ in tiles])).float()
        weights = self.pictures.weights
        return known if weights is None else (*known, torch.from_numpy(weights[[index for _, index in tiles]]))


def random_tiles(
    pixels: Pixels, mask: Mask, *, params: UnetParams, classes: int, rng: np.random.Generator
) -> list[Tiled]:
    """`params.tiles` tiles of a picture; the first and every second after it lie on something marked, if anything is.

    A picture smaller than a tile is continued by its mirror image.
    """
    marked = np.flatnonzero(mask)
    seen = rng.choice(marked, min(SEEN, len(marked)), replace=False) if len(marked) else marked
    planes = [np.where(mask == index, np.uint8(255), np.uint8(0)) for index in range(1, classes + 1)]
    found = []
    for number in range(params.tiles):
        window = _window(mask.shape, params, rng=rng)
        across, down = rng.uniform(INNER, 1 - INNER, 2).tolist()
        if len(seen) and number % 2 == 0:
            y, x = divmod(int(rng.choice(seen)), mask.shape[1])
            window = window.around(x + 0.5, y + 0.5, across=across, down=down)
        window = window.snapped()
        targets = np.stack([view(plane, window) > 127 for plane in planes]).astype(np.uint8)
        found.append((_changed(view(pixels, window), params, rng=rng), targets))
    return found


def _window(size: tuple[int, ...], params: UnetParams, *, rng: np.random.Generator) -> Window:
    """A view somewhere inside the picture; every amount is drawn whether it is used or not."""
    odd, turn, near, quarter, mirror, *place = rng.random(7).tolist()
    moved = params.augment and odd >= STRAIGHT
    scale = params.zoom ** (2 * near - 1) if moved else 1.0
    degrees = params.rotation * (2 * turn - 1) if moved else 0.0
    turned = params.augment and params.turns
    half = params.tile / scale / 2
    y, x = (min(half, side / 2) + share * max(0.0, side - 2 * half) for side, share in zip(size, place, strict=True))
    return Window(x, y, params.tile, scale, degrees + 90 * int(4 * quarter) * turned, turned and mirror < 0.5)


def _changed(pixels: Pixels, params: UnetParams, *, rng: np.random.Generator) -> Pixels:
    """Another light, other colours, at times blurred or with noise."""
    light, flat, soft, softer, grainy, grainier = rng.random(6).tolist()
    gains = 1 + params.colour * rng.uniform(-1, 1, 3)
    if not params.augment:
        return pixels
    lit = light_and_contrast(
        pixels, light=1 + params.brightness * (2 * light - 1), contrast=1 + params.contrast * (2 * flat - 1)
    )
    blurred = gaussian_blur(lit, sigma=params.gaussian_blur * softer if soft < RARE else 0.0)
    return noisy(blurred, deviation=params.noise * grainier if grainy < RARE else 0.0, gains=gains, rng=rng)


def to_tensor(pixels: Pixels, spec: Input) -> Tensor:
    """(height, width, 3) uint8 normalised to (3, height, width) float32."""
    scale, offset = normalisation(spec)
    return torch.from_numpy(np.asarray(pixels.transpose(2, 0, 1) * scale + offset, np.float32))


@dataclass(frozen=True)
class JudgedWindows:
    """The calibration side as (image (1, 3, h, w), mask (h', w') of its part that is no padding), one at a time."""

    pictures: MaskedPictures
    spec: Input
    multiple: int

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[list[tuple[Tensor, Tensor]]]:
        with ThreadPoolExecutor(1) as ahead:
            following = [ahead.submit(self._windows, index) for index in range(min(1, len(self)))]
            for index in range(len(self)):
                ready = following.pop().result()
                if index + 1 < len(self):
                    following.append(ahead.submit(self._windows, index + 1))
                yield ready

    def _windows(self, index: int) -> list[tuple[Tensor, Tensor]]:
        pixels, mask = self.pictures.load(index)
        found = []
        for tile in windows(mask.shape, multiple=self.multiple):
            image = to_tensor(cut(pixels, tile, multiple=self.multiple), self.spec)[None]
            found.append((image, torch.from_numpy(np.ascontiguousarray(inside(mask, tile)))))
        return found


def inside(pixels: NDArray[np.uint8], tile: Tile) -> NDArray[np.uint8]:
    """The part of pixels (height, width, …) or of a mask that `tile` names."""
    return pixels[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]


def windows(size: tuple[int, ...], *, multiple: int) -> list[Tile]:
    """At most four windows, evenly spread over a picture's tiles; a small picture is one whole."""
    side = JUDGED // multiple * multiple
    tiles = grid((size[0], size[1]), tile=side, overlap=0, multiple=multiple)
    chosen = np.linspace(0, len(tiles) - 1, min(WINDOWS, len(tiles))).round().astype(int)
    return [tiles[index] for index in chosen]


def check(data: TrainingSet) -> None:
    """Raise Rejected unless there is something to learn: a training picture with a mask."""
    if not any(example.mask for example in data.train):
        raise Rejected(
            f"training needs pictures with masks; none of the {len(data.train)} on the training side has one.",
            hint="Draw or import masks.",
        )
