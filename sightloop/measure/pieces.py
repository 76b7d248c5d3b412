"""Takes a mask apart into connected pieces and measures each along its middle lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from sightloop.measure.centre_line import Line, Points, follow
from sightloop.measure.skeleton import Bits, Graph, skeleton

PINHOLE = 3  # pixels; a hole no longer than this, or than half the mask is wide, is filled before thinning
STUBBY = 1.0  # widths; a piece whose skeleton is shorter is measured as a rectangle
MOST_AREA = 3_000_000  # pixels; a mask with more, or with
MOST_EDGE = 500_000  # pixels of edge, is measured at half its size, or a quarter, …
WHOLE = np.ones((3, 3), dtype=bool)  # pixels that touch at a corner belong together

Numbers = NDArray[np.float64]
Box = tuple[slice, ...]  # rows and columns
Labels = NDArray[np.int32]  # (height, width), 0 outside, pieces from 1


@dataclass(frozen=True)
class Rectangle:
    """What the moments of a piece make of it: middle (x, y), length, and angle counter-clockwise in radians."""

    middle: Points
    lengths: Numbers
    angles: Numbers


@dataclass(frozen=True)
class Pieces:
    """Figures in pixels, each array (pieces,) or as said; x and y count from the top left corner of the mask."""

    boxes: Sequence[Box]
    areas: NDArray[np.int64]
    lengths: Numbers
    turns: NDArray[np.complex128]  # the sum of length · exp(2i · angle), angles counter-clockwise
    widest: Numbers
    places: Points  # (pieces, 2), of the widest place
    profile: Numbers  # (n, 2): a width and the length that has it
    lines: Sequence[Points]


def take(mask: Bits) -> Pieces:
    """Measure every piece of a mask; masks too large or too ragged for a second or two are shrunk before."""
    area, grain, small = int(np.count_nonzero(mask)), 1, mask
    while np.count_nonzero(small) > MOST_AREA or _edge(small) > MOST_EDGE:
        grain *= 2
        small = _halved(small)
    taken = _taken(np.pad(small, 1))
    areas = taken.areas if grain == 1 else np.rint(taken.areas * (area / taken.areas.sum())).astype(np.int64)
    return Pieces(
        boxes=[tuple(slice((s.start - 1) * grain, (s.stop - 1) * grain) for s in box) for box in taken.boxes],
        areas=areas,
        lengths=taken.lengths * grain,
        turns=taken.turns * grain,
        widest=taken.widest * grain,
        places=(taken.places - 1) * grain,
        profile=taken.profile * grain,
        lines=[(line - 1) * grain for line in taken.lines],
    )


def _edge(mask: Bits) -> int:
    """How many sides of pixels lie between True and False."""
    return int(np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1]))


def _halved(mask: Bits) -> Bits:
    """Half the size; True where any of four pixels is, so that thin lines stay whole."""
    even = np.pad(mask, [(0, side % 2) for side in mask.shape])
    return even[::2, ::2] | even[1::2, ::2] | even[::2, 1::2] | even[1::2, 1::2]


def _taken(mask: Bits) -> Pieces:
    """The same of a mask whose outermost pixels are False."""
    solid = _filled(mask)
    labels = np.zeros(mask.shape, dtype=np.int32)
    count = int(ndimage.label(solid, WHOLE, output=labels))
    areas = np.bincount(labels[mask], minlength=count + 1)[1:]
    room, bits = cKDTree(_outside(solid)), solid.copy()
    graph = skeleton(bits, room)
    half, stubby = _stubby(bits, labels, room, count=count)
    lines = _followed(graph, solid, labels, room, skipped=stubby)
    pieces = _measured(lines, areas, boxes=ndimage.find_objects(labels))
    stubby |= pieces.lengths == 0
    return _with_stubs(pieces, _rectangles(mask, labels, areas, chosen=stubby), half, stubby=stubby)


def _filled(mask: Bits) -> Bits:
    """The mask without pinholes, round which its skeleton would run in rings."""
    # A line of width w and length l has 2 l (|cos| + |sin|) sides of pixels round it: 8 l / pi over all angles.
    limit = max(PINHOLE, np.count_nonzero(mask) / _edge(mask) * 4 / np.pi)
    holes, _ = ndimage.label(~mask)
    solid = mask.copy()
    for number, (rows, columns) in enumerate(ndimage.find_objects(holes), 1):
        if max(rows.stop - rows.start, columns.stop - columns.start) <= limit and number != holes[0, 0]:
            solid[rows, columns] |= holes[rows, columns] == number
    return solid


def _outside(mask: Bits) -> NDArray[np.int64]:
    """(n, 2) rows and columns of the False pixels that share a side with a True one."""
    flat, places = mask.reshape(-1), np.flatnonzero(mask)
    near = np.concatenate([(places + step)[~flat[places + step]] for step in (1, -1, mask.shape[1], -mask.shape[1])])
    return np.stack(np.divmod(np.unique(near), mask.shape[1]), axis=1)


def _stubby(bits: Bits, labels: Labels, room: cKDTree, *, count: int) -> tuple[Numbers, NDArray[np.bool_]]:
    """Half the width of each piece at its widest, and whether its skeleton `bits` is short for that."""
    rows, columns = np.nonzero(bits)
    owners = labels[rows, columns] - 1
    half = np.zeros(count)
    np.maximum.at(half, owners, room.query(np.stack([rows, columns], axis=1))[0])
    return half, np.bincount(owners, minlength=count) <= STUBBY * 2 * half


def _followed(
    graph: Graph, mask: Bits, labels: Labels, room: cKDTree, *, skipped: NDArray[np.bool_]
) -> list[tuple[int, Line]]:
    """The middle lines with the piece that each belongs to."""
    owners = [int(labels.reshape(-1)[branch.places[0]]) - 1 for branch in graph.branches]
    pairs = zip(owners, graph.branches, strict=True)
    return [(owner, follow(branch, graph, mask, room)) for owner, branch in pairs if not skipped[owner]]


def _measured(lines: Sequence[tuple[int, Line]], areas: NDArray[np.int64], *, boxes: Sequence[Box]) -> Pieces:
    lengths, turns = np.zeros(len(areas)), np.zeros(len(areas), dtype=np.complex128)
    widest, places = np.zeros(len(areas)), np.zeros((len(areas), 2))
    rows = [np.empty((0, 2))]
    for piece, line in lines:
        moves = np.diff(line.points, axis=0) @ np.array([1, -1j])
        steps = np.abs(moves)
        if not lengths[piece]:
            places[piece] = line.points[0]
        lengths[piece] += steps.sum()
        turns[piece] += (moves**2 / np.maximum(steps, 1e-9)).sum()
        rows.append(np.stack([(line.widths[1:] + line.widths[:-1]) / 2, steps], axis=1))
        if (top := np.nan_to_num(line.widths).max()) > widest[piece]:
            widest[piece], places[piece] = top, line.points[np.nan_to_num(line.widths).argmax()]
    profile = np.concatenate(rows)
    profile = profile[~np.isnan(profile[:, 0])]
    return Pieces(boxes, areas, lengths, turns, widest, places, profile, [line.points for _, line in lines])


def _rectangles(mask: Bits, labels: Labels, areas: NDArray[np.int64], *, chosen: NDArray[np.bool_]) -> Rectangle:
    """The rectangle with the moments of each `chosen` piece: a row of n pixels has the variance (n² - 1) / 12."""
    rows, columns = np.nonzero(mask & np.concatenate([[False], chosen])[labels])
    owners = labels[rows, columns] - 1
    middle = np.stack([np.bincount(owners, axis, len(areas)) / areas for axis in (columns, rows)], axis=1)
    x, y = columns - middle[owners, 0], rows - middle[owners, 1]
    xx, yy, xy = (np.bincount(owners, product, len(areas)) / areas for product in (x * x, y * y, x * y))
    longest = (xx + yy) / 2 + np.hypot((xx - yy) / 2, xy)
    return Rectangle(middle + 0.5, np.sqrt(12 * longest + 1), -np.arctan2(2 * xy, xx - yy) / 2)


def _with_stubs(pieces: Pieces, shapes: Rectangle, half: Numbers, *, stubby: NDArray[np.bool_]) -> Pieces:
    """Give the stubby pieces the figures of their rectangle."""
    lengths = np.where(stubby, shapes.lengths, pieces.lengths)
    means = pieces.areas / lengths
    widest = np.maximum(means, np.where(stubby, 2 * half - 1, pieces.widest))
    turns = np.where(stubby, lengths * np.exp(2j * shapes.angles), pieces.turns)
    places = np.where(stubby[:, None], shapes.middle, pieces.places)
    ahead = np.stack([np.cos(shapes.angles), -np.sin(shapes.angles)], axis=1) * shapes.lengths[:, None] / 2
    ends = np.stack([shapes.middle - ahead, shapes.middle + ahead], axis=1)[stubby]
    profile = np.concatenate([pieces.profile, np.stack([means, lengths], axis=1)[stubby]])
    lines = [*pieces.lines, *ends]
    return Pieces(pieces.boxes, pieces.areas, lengths, turns, widest, places, profile, lines)
