"""Cuts a picture of any size into overlapping tiles and blends what a model says of them back into one map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Pixels, ProbabilityMap


@dataclass(frozen=True)
class Tile:
    """A part of a picture, in its own pixels; never reaches over the picture's edge."""

    top: int
    left: int
    height: int
    width: int


def grid(size: tuple[int, int], *, tile: int, overlap: int, multiple: int) -> list[Tile]:
    """Cover a picture with as few tiles as it takes, all of one shape, row by row from the top left.

    Tiles are no larger than the cover needs: 1030 pixels become two tiles of 576, not two of 1024.

    Args:
        size: (height, width) of the picture in pixels.
        tile: longest side of a tile in pixels, a multiple of `multiple`.
        overlap: pixels that neighbours share at least; under `tile`.
        multiple: what the sides of a tile are multiples of, except where the picture itself is no longer than `tile`.

    Raises:
        ValueError: `tile` is no multiple of `multiple`, or `overlap` leaves no step from tile to tile.
    """
    if tile <= 0 or tile % multiple or not 0 <= overlap < tile:
        raise ValueError(f"tiles of {tile} pixels with {overlap} shared do not fit multiples of {multiple}")
    (tops, height), (lefts, width) = (_spread(side, tile, overlap=overlap, multiple=multiple) for side in size)
    return [Tile(top, left, height, width) for top in tops for left in lefts]


def cut(pixels: Pixels, tile: Tile, *, multiple: int) -> Pixels:
    """The pixels of `tile`, mirrored at the right and bottom until both sides are multiples of `multiple`."""
    part = pixels[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
    more = [(0, -side % multiple) for side in part.shape[:2]]
    return np.pad(part, [*more, (0, 0)], mode="reflect") if any(after for _, after in more) else part


class Blend:
    """One map from many tiles: where they overlap, each counts less the nearer its own border is.

    Holds the finished map as uint8 and one row of tiles as float32, whatever the picture's height.
    """

    def __init__(self, size: tuple[int, int], classes: int, *, overlap: int) -> None:
        """Start an empty map of `classes` by `size` (height, width); a tile's weight rises over `overlap` pixels."""
        self._map = np.zeros((classes, *size), dtype=np.uint8)
        self._overlap = overlap
        self._top = 0  # the picture's row that the band begins with
        self._band = np.zeros((classes, 0, size[1]), dtype=np.float32)
        self._weights = np.zeros((0, size[1]), dtype=np.float32)

    def add(self, tile: Tile, probabilities: NDArray[np.float32]) -> None:
        """Add what the model says of `tile`; tiles come in the order of `grid`.

        Args:
            tile: where it lies.
            probabilities: (classes, height, width) float32, 0..1; what `cut` added at the right and bottom is dropped.

        Raises:
            ValueError: the tile begins above one that was added before it.
        """
        if tile.top < self._top:
            raise ValueError(f"a tile at row {tile.top} after row {self._top} was finished")
        self._close(tile.top)
        self._grow(tile.height)
        rows = self._ramp(tile.top, tile.height, self._map.shape[1])
        weights = rows[:, None] * self._ramp(tile.left, tile.width, self._map.shape[2])
        columns = slice(tile.left, tile.left + tile.width)
        self._weights[: tile.height, columns] += weights
        self._band[:, : tile.height, columns] += probabilities[:, : tile.height, : tile.width] * weights

    def finish(self) -> ProbabilityMap:
        """The map, (classes, height, width) uint8, round(255 p); 0 where no tile lay."""
        self._close(self._top + self._weights.shape[0])
        return self._map

    def _close(self, row: int) -> None:
        """Write the band's rows above the picture's `row` into the map; no later tile reaches them."""
        done = min(row - self._top, self._weights.shape[0])
        if done > 0:
            band = self._band[:, :done]
            band *= 255 / np.maximum(self._weights[:done], np.float32(1e-9))
            np.rint(band, out=band)
            self._map[:, self._top : self._top + done] = band.clip(0, 255, out=band)
            self._band, self._weights = self._band[:, done:].copy(), self._weights[done:].copy()
        self._top = row

    def _grow(self, height: int) -> None:
        if (more := height - self._weights.shape[0]) > 0:
            self._band = np.pad(self._band, [(0, 0), (0, more), (0, 0)])
            self._weights = np.pad(self._weights, [(0, more), (0, 0)])

    def _ramp(self, start: int, length: int, side: int) -> NDArray[np.float32]:
        """Weights along one side of a tile: rising from its first pixel and falling to its last, 1 at picture edges."""
        away = (np.arange(length, dtype=np.float32) + np.float32(0.5)) / np.float32(max(self._overlap, 1))
        ramp = np.ones(length, dtype=np.float32)
        if start > 0:
            ramp = np.minimum(ramp, away)
        return np.minimum(ramp, away[::-1]) if start + length < side else ramp


def _spread(side: int, tile: int, *, overlap: int, multiple: int) -> tuple[list[int], int]:
    """Where tiles begin along one side of the picture, and how long they are."""
    if side <= tile:
        return [0], side
    count = -((overlap - side) // (tile - overlap))
    length = -(-(side + (count - 1) * overlap) // count)
    length += -length % multiple
    return [index * (side - length) // (count - 1) for index in range(count)], length
