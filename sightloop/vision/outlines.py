"""The borders between the pixels of a mask and the others, as polygons along the edges of pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Point: TypeAlias = tuple[float, float]  # x, y in pixels; pixel (0, 0) covers 0..1 on both axes
Polygon: TypeAlias = list[Point]


@dataclass
class _Ring:
    """A closed border; begins at its highest corner, of those the leftmost, and goes right.

    `bridges` are (the corner they begin behind, how far down, the ring they lead to).
    """

    points: Polygon
    hole: bool
    bridges: list[tuple[int, float, _Ring]] = field(default_factory=list)


def outlines(mask: NDArray[np.bool_]) -> list[Polygon]:
    """Every border of a (height, width) mask, outer ones and holes, as corners (x, y) without the last again.

    Filled by the even-odd rule they give exactly the mask. Pixels that touch at a corner belong together.
    """
    return [ring.points for ring in _rings(mask)]


def bridged(mask: NDArray[np.bool_]) -> list[Polygon]:
    """One polygon for each piece of a (height, width) mask, its holes joined by bridges without width.

    Bridges run to the left through the piece. Filled by the even-odd rule the polygons give exactly the mask. Pixels
    that touch at a corner belong together.
    """
    rings = _rings(mask)
    _bridge(rings, mask)
    return [list(_walk(ring)) for ring in rings if not ring.hole]


def _rings(mask: NDArray[np.bool_]) -> list[_Ring]:
    """Corners pair up along each row, and along each column: walked in turn, the pairs are the borders."""
    x, y, below = _corners(mask)
    partner = np.empty(len(x), np.int64)
    partner[below[0::2]], partner[below[1::2]] = below[1::2], below[0::2]
    points = list(zip(x.astype(float).tolist(), y.astype(float).tolist(), strict=True))
    down, seen = partner.tolist(), bytearray(len(x))
    found = []
    for start in range(0, len(x), 2):
        if seen[start]:
            continue
        at, ring = start, []
        while not seen[at]:
            seen[at] = seen[at ^ 1] = 1
            ring += [points[at], points[at ^ 1]]
            at = down[at ^ 1]
        found.append(_Ring(ring, hole=not mask[y[start], x[start]]))
    return found


def _corners(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Where a border turns: x and y row by row, and the order in which they come column by column.

    Where two pixels touch only at a corner it counts twice, for the border on its left and for the one on its right;
    the order decides which of them goes up, so that the pixels stay in one piece.
    """
    padded = np.pad(mask, 1)
    a, b, c, d = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    twice = (a == d) & (b == c) & (a != b)
    y, x = np.nonzero((a ^ b ^ c ^ d) | twice)
    double = twice[y, x]
    times = 1 + double
    y, x, falling = np.repeat(y, times), np.repeat(x, times), np.repeat(double & a[y, x], times)
    second = np.zeros(len(x), np.bool_)
    second[np.cumsum(times)[double] - 1] = True
    return x, y, np.lexsort((second ^ falling, y, x))


def _bridge(rings: list[_Ring], mask: NDArray[np.bool_]) -> None:
    """Hang every hole on the border that lies left of its first corner."""
    holes = [ring for ring in rings if ring.hole]
    if not holes:
        return
    walls = np.array(
        [
            (x, min(y, ring.points[(index + 1) % len(ring.points)][1]), number, index)
            for number, ring in enumerate(rings)
            for index, (x, y) in enumerate(ring.points)
            if index % 2
        ],
        dtype=np.int64,
    )
    walls = walls[np.lexsort((walls[:, 1], walls[:, 0]))]
    keys = walls[:, 0] * (len(mask) + 1) + walls[:, 1]
    for hole in holes:
        x, y = (int(value) for value in hole.points[0])
        clear = np.flatnonzero(~mask[y, :x])
        wall = int(clear[-1]) + 1 if clear.size else 0
        _, _, number, index = walls[np.searchsorted(keys, wall * (len(mask) + 1) + y, side="right") - 1].tolist()
        rings[number].bridges.append((index, float(y), hole))


def _walk(ring: _Ring) -> Iterator[Point]:
    """The corners of a ring and, over the bridges, of all that hang on it."""
    waiting = [_steps(ring)]
    while waiting:
        for step in waiting[-1]:
            if isinstance(step, _Ring):
                waiting.append(_steps(step))
                break
            yield step
        else:
            waiting.pop()


def _steps(ring: _Ring) -> Iterator[Point | _Ring]:
    by_corner: dict[int, list[tuple[float, _Ring]]] = {}
    for corner, y, hole in ring.bridges:
        by_corner.setdefault(corner, []).append((y, hole))
    for index, (x, start) in enumerate(ring.points):
        yield x, start
        end = ring.points[(index + 1) % len(ring.points)][1]
        for y, hole in sorted(by_corner.get(index, []), key=lambda bridge: bridge[0], reverse=end < start):
            yield x, y
            yield hole
            yield x, y
    if ring.hole:
        yield ring.points[0]
