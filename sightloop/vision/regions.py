"""Masks as other programs write them: run lengths, and polygons that fill to exactly the same pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json
from sightloop.core.errors import BadImage
from sightloop.vision.outlines import Point as Point
from sightloop.vision.outlines import Polygon as Polygon
from sightloop.vision.outlines import bridged as bridged
from sightloop.vision.outlines import outlines as outlines

Flags: TypeAlias = NDArray[np.bool_]

_FARTHEST = 1e6  # pixels: no honest polygon leaves its picture by more
_CROSSINGS = 1 << 20  # worked on at a time


def to_rle(mask: Flags) -> Json:
    """COCO's uncompressed run lengths of a (height, width) mask: {size: [height, width], counts}, column by column.

    The counts are of unset and set pixels in turn, and begin with unset ones (0 where the first is set).
    """
    flat = mask.T.reshape(-1)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    counts = np.diff(changes, prepend=0, append=flat.size).tolist()
    return {"size": list(mask.shape), "counts": [0, *counts] if flat[0] else counts}


def from_rle(rle: Json, size: tuple[int, int]) -> Flags:
    """The (height, width) mask of COCO run lengths, as a list of counts or compressed to text (pycocotools).

    Args:
        rle: {size, counts}; size may be absent.
        size: (height, width) of the picture it belongs to.

    Raises:
        BadImage: damaged, or of another size.
    """
    height, width = size
    stated = rle.get("size", [height, width])
    if stated not in ([height, width], (height, width)):
        raise BadImage(f"run lengths for {stated} pixels, their picture has {[height, width]} (height, width).")
    runs = _counts(rle.get("counts"))
    if runs.min(initial=0) < 0 or runs.max(initial=0) > height * width or runs.sum() != height * width:
        raise BadImage(f"run lengths that do not add up to {height} × {width} pixels.")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.ascontiguousarray(flat.reshape(width, height).T)


def fill(polygons: Sequence[Sequence[Point] | Sequence[float]], size: tuple[int, int]) -> Flags:
    """The pixels whose centres lie inside an odd number of turns of `polygons` (the even-odd rule).

    Args:
        polygons: each of (x, y) in pixels, or flat x, y, x, y… as COCO has it; pixel (0, 0) covers 0..1 on both axes. A
            centre on an edge belongs to the right, and to the lower side. Parts may lie outside.
        size: (height, width).

    Returns:
        (height, width) bool.

    Raises:
        BadImage: a coordinate is missing, is no number or lies a million pixels away.
    """
    found = np.zeros(size, np.bool_)
    rings = [ring for ring in map(_points, polygons) if len(ring)]
    if not rings:
        return found
    low, high = (
        np.min([ring.min(axis=0) for ring in rings], axis=0),
        np.max([ring.max(axis=0) for ring in rings], axis=0),
    )
    left, top = np.floor(np.clip(low, 0, size[::-1])).astype(int)
    right, bottom = np.ceil(np.clip(high, 0, size[::-1])).astype(int)
    turns = np.zeros((bottom - top, right - left + 1), np.uint8)
    edges = np.concatenate([np.hstack([ring, np.roll(ring, -1, axis=0)]) for ring in rings])
    for rows, x in _crossings(edges, top=top, bottom=bottom):
        columns = np.clip(np.ceil(x - 0.5), left, right).astype(np.int64) - left
        np.add.at(turns.reshape(-1), (rows - top) * turns.shape[1] + columns, 1)
    np.bitwise_xor.accumulate(turns & 1, axis=1, out=turns)
    found[top:bottom, left:right] = turns[:, :-1]
    return found


def _crossings(
    edges: NDArray[np.float64], *, top: int, bottom: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Where (n, 4) edges x, y, x, y cross the centre lines of the rows: rows and x, some edges at a time."""
    upward = edges[:, 1] > edges[:, 3]
    edges[upward] = edges[upward][:, [2, 3, 0, 1]]  # so that an edge crosses at the same x on its way back
    first = np.clip(np.ceil(edges[:, 1] - 0.5), top, bottom).astype(np.int64)
    many = np.clip(np.ceil(edges[:, 3] - 0.5), top, bottom).astype(np.int64) - first
    blocks = np.cumsum(many) // _CROSSINGS
    for block in np.unique(blocks):
        chosen = np.flatnonzero((blocks == block) & (many > 0))
        repeated = np.repeat(chosen, many[chosen])
        starts = np.cumsum(many[chosen]) - many[chosen]
        rows = first[repeated] + np.arange(len(repeated)) - np.repeat(starts, many[chosen])
        x, y, end_x, end_y = edges[repeated].T
        yield rows, x + (rows + 0.5 - y) * ((end_x - x) / (end_y - y))


def _points(polygon: Any) -> NDArray[np.float64]:
    try:
        found = np.array(polygon, dtype=np.float64).reshape(-1, 2)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadImage(f"a polygon that is no list of x and y ({error}).") from error
    if not (np.abs(found) <= _FARTHEST).all():
        raise BadImage("a polygon with a coordinate that is no number, or far outside the picture.")
    return found


def _counts(counts: Any) -> NDArray[np.int64]:
    if isinstance(counts, str | bytes):
        return _uncompressed(counts.encode() if isinstance(counts, str) else counts)
    return _integers(counts)


def _integers(counts: Any) -> NDArray[np.int64]:
    try:
        return np.array(counts, dtype=np.int64).reshape(-1)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadImage(f"run lengths that are no list of numbers ({error}).") from error


def _uncompressed(text: bytes) -> NDArray[np.int64]:
    """pycocotools' text: 5 bits a character, least first, signed; from the fourth on, the change from two before."""
    found: list[int] = []
    value = shift = 0
    for character in text:
        bits = character - 48
        if not 0 <= bits < 64 or shift > 50:
            raise BadImage(f"run lengths with the character {chr(character)!r} after {len(found)} runs.")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (1 << shift) if bits & 16 else 0
            found.append(value + (found[-2] if len(found) > 2 else 0))
            value = shift = 0
    if shift:
        raise BadImage("run lengths that end inside a number.")
    return _integers(found)
