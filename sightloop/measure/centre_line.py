"""Turns a branch of a skeleton into a smooth middle line with the mask's width along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from sightloop.measure.skeleton import FREE, Bits, Branch, Graph

Points = NDArray[np.float64]  # (n, 2) of x, y; the top left pixel covers 0..1
STEP = 0.25  # pixels from one look at the mask to the next
SMOOTHING = 2.0  # pixels; at least, the deviation of the Gaussian that takes the stairs out of a line
TURN = 6.0  # pixels; at least, the stretch that tells which way a line ends
TRIM = 0.5  # half widths; how much of a free end is drawn anew at least, and more until
ROOMY = 0.9  # of the half width behind it is left on both sides: before that the skeleton turns to a corner
GAP = 1.0  # pixels; a shorter gap at the end of a line is no end, as thin lines are ragged
APART = 0.5  # pixels from point to point of a line; half, so that pixels are met at their middles and their sides
WINDOW = 9  # pixels of line over which widths are evened out, or as many as the line is wide
SHORT = 8  # points; a branch from junction to junction with fewer is a straight line without widths
SPREAD = np.linspace(-0.35, 0.35, 7)  # rays along which an end is drawn out, in widths beside the middle


@dataclass(frozen=True)
class Line:
    """A middle line and the mask's width at every point, both in pixels; nan within a junction."""

    points: Points
    widths: NDArray[np.float64]


def follow(branch: Branch, graph: Graph, mask: Bits, room: cKDTree) -> Line:
    """Smooth a branch, draw its free ends out to where the mask ends, and take the width along it.

    Args:
        branch: of the skeleton of `mask`.
        graph: the skeleton, for its junctions.
        mask: (height, width) bool, its outermost pixels False.
        room: rows and columns of the background pixels that touch the mask.
    """
    raw = _raw(branch, graph, mask.shape[1])
    if len(raw) < SHORT and FREE not in (branch.head, branch.tail):
        return Line(raw[[0, -1]], np.full(2, np.nan))
    points = _smooth(raw, max(SMOOTHING, float(np.median(_half(raw, room))) / 2), closed=branch.closed)
    points = _centred(points, mask, room, pinned=(branch.head != FREE, branch.tail != FREE))
    if not branch.closed and branch.head == FREE:
        points = _drawn_out(points, mask, room)
    if not branch.closed and branch.tail == FREE:
        points = _drawn_out(points[::-1], mask, room)[::-1]
    points = _evenly(points)
    widths = _widths(points, mask, room)
    for junction in {branch.head, branch.tail} - {FREE}:
        middle = graph.junctions[junction][None, ::-1] + 0.5
        widths[np.hypot(*(points - middle).T) < 1.5 * _half(middle, room)[0] + 1] = np.nan
    return Line(points, widths)


def _raw(branch: Branch, graph: Graph, columns: int) -> Points:
    """The branch's pixels from junction to junction; a ring comes back to where it began."""
    rows, across = np.divmod(branch.places, columns)
    places = np.stack([rows, across], axis=1).astype(np.float64)
    before = graph.junctions[[branch.head]] if branch.head != FREE else places[:0]
    after = graph.junctions[[branch.tail]] if branch.tail != FREE else places[:0]
    return np.concatenate([before, places, places[:1] if branch.closed else after])[:, ::-1] + 0.5


def _half(points: Points, room: cKDTree) -> NDArray[np.float64]:
    """(n,) distance from each point to the middle of the nearest pixel outside."""
    return np.asarray(room.query(points[:, ::-1] - 0.5)[0], dtype=np.float64)


def _smooth(points: Points, sigma: float, *, closed: bool) -> Points:
    """Smooth twice over by a Gaussian of `sigma` points, so that bends keep their size (twicing, Tukey 1977).

    Ends, and all straight lines, stay where they are.
    """
    sigma = min(sigma, len(points) / 6)
    reach = min(len(points) - 1, int(4 * sigma + 1))
    if reach < 1:
        return points
    wider = np.pad(points[:-1], [(reach, reach + 1), (0, 0)], mode="wrap") if closed else _mirrored(points, reach)
    once = ndimage.gaussian_filter1d(wider, sigma, axis=0)
    twice = once + ndimage.gaussian_filter1d(wider - once, sigma, axis=0)
    return np.asarray(twice[reach:-reach], dtype=np.float64)


def _mirrored(points: Points, reach: int) -> Points:
    return np.pad(points, [(reach, reach), (0, 0)], mode="reflect", reflect_type="odd")


def _centred(points: Points, mask: Bits, room: cKDTree, *, pinned: tuple[bool, bool]) -> Points:
    """Move the line to the middle between the mask's edges, but not where that brings it nearer to an edge."""
    if len(points) < 3:
        return points
    across, half = _across(points), _half(points, room)
    limit = 1.5 * float(half.max()) + 2
    shifts = (_reach(points, across, mask, limit=limit) - _reach(points, -across, mask, limit=limit)) / 2
    shifts[_half(points + shifts[:, None] * across, room) < half - 0.5] = 0
    blind = int(2 * np.median(half))  # points next to a junction, where the edges are not the line's own
    shifts[: blind * pinned[0]] = shifts[len(shifts) - blind * pinned[1] :] = 0
    return points + ndimage.gaussian_filter1d(shifts, SMOOTHING, mode="nearest")[:, None] * across


def _across(points: Points) -> Points:
    """(n, 2) unit vectors square to the line."""
    ahead = np.gradient(points, axis=0)
    square = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    return np.asarray(square / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None], dtype=np.float64)


def _drawn_out(points: Points, mask: Bits, room: cKDTree) -> Points:
    """Replace the first stretch of a line, where the skeleton may turn to a corner, by a straight one to the end."""
    if len(points) < 2:
        return points
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    half = _half(points, room)
    half_here = half[np.searchsorted(along, min(np.median(half), along[-1]))]
    full = along[int(np.argmax(half >= ROOMY * half_here))]
    back = min(max(full, TRIM * half_here), along[-1] / 3)
    kept, along = points[along >= back], along[along >= back]
    far = kept[min(np.searchsorted(along, along[0] + max(TURN, 2 * half_here)), len(kept) - 1)]
    ahead = (kept[0] - far) / max(float(np.hypot(*(kept[0] - far))), 1e-9)
    across = np.array([-ahead[1], ahead[0]])
    starts = kept[0] + (2 * half_here - 1) * SPREAD[:, None] * across
    reach = _reach(starts, np.broadcast_to(ahead, starts.shape), mask, limit=2 * half_here + back + 2, gap=GAP)
    return np.concatenate([kept[:1] + reach.mean() * ahead, kept])


def _widths(points: Points, mask: Bits, room: cKDTree) -> NDArray[np.float64]:
    """(n,) widths across the line, evened out over a few pixels; at most twice the room there is."""
    if len(points) < 2:
        return np.full(len(points), np.nan)
    across, half = _across(points), _half(points, room)
    limit = 1.5 * float(half.max()) + 2
    chords = _reach(points, across, mask, limit=limit) + _reach(points, -across, mask, limit=limit)
    most = 2 * ndimage.maximum_filter1d(half, 5)
    even = ndimage.uniform_filter1d(
        np.minimum(chords, 2 * most), int(max(WINDOW, 2 * np.median(half)) / APART), mode="nearest"
    )
    return np.minimum(even, most)


def _evenly(points: Points) -> Points:
    """The same line with points at equal distances of about APART."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    places = np.linspace(0, along[-1], int(along[-1] / APART) + 2)
    return np.stack([np.interp(places, along, axis) for axis in points.T], axis=1)


def _reach(starts: Points, directions: Points, mask: Bits, *, limit: float, gap: float = 0) -> NDArray[np.float64]:
    """(n,) how far one stays inside the mask going from each start in its direction, up to `limit` pixels.

    Stretches outside that are no longer than `gap` pixels are passed over.
    """
    step = max(STEP, limit / 400)
    away = np.arange(step / 2, limit, step)
    columns, rows = (
        np.floor(starts[:, axis, None] + directions[:, axis, None] * away).astype(np.int64).clip(0, side - 1)
        for axis, side in ((0, mask.shape[1]), (1, mask.shape[0]))
    )
    outside = ~mask[rows, columns]
    if (span := int(gap / step)) > 1:
        outside = ndimage.minimum_filter1d(outside, span, axis=1, origin=-(span // 2), mode="nearest")
    first = np.where(outside.any(axis=1), outside.argmax(axis=1), len(away))
    return np.asarray(first * step, dtype=np.float64)
