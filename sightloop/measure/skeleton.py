"""Thins a mask to lines one pixel wide and follows them from junction to junction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.spatial import cKDTree

AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # clockwise from above
FREE = -1

Bits = NDArray[np.bool_]  # (height, width), its outermost pixels False
Places = NDArray[np.int64]  # (n,) indices into the flattened bits


@dataclass(frozen=True)
class Branch:
    """Pixels of the skeleton in order, and the junctions that the first and the last of them touch (FREE: none)."""

    places: Places
    head: int
    tail: int
    closed: bool  # a ring without any junction: the last pixel touches the first


@dataclass(frozen=True)
class Graph:
    """A skeleton as branches between junctions; a junction is every pixel where it parts, joined to one place."""

    branches: list[Branch]
    junctions: NDArray[np.float64]  # (junctions, 2), row and column of their middles


def skeleton(bits: Bits, room: cKDTree) -> Graph:
    """Thin `bits` in place and prune the spurs that are shorter than the mask is wide where they part.

    Args:
        bits: the mask; what is left of it afterwards is the skeleton.
        room: rows and columns of the background pixels that touch the mask.
    """
    places = thin(bits, np.flatnonzero(bits))
    while True:
        graph = trace(bits, places)
        spurs = _spurs(graph, bits.shape[1], room)
        if not spurs:
            return graph
        bits.reshape(-1)[np.concatenate(spurs)] = False
        places = thin(bits, places[bits.reshape(-1)[places]])


def thin(bits: Bits, places: Places) -> Places:
    """Peel `bits` in place until lines remain; only pixels whose neighbours changed are looked at again.

    Args:
        bits: the mask.
        places: all its True pixels.

    Returns:
        those that are left (Guo and Hall 1989, parallel thinning with two sub-iterations).
    """
    flat, around = bits.reshape(-1), _offsets(bits.shape[1])
    stamps = np.empty(flat.size, dtype=np.int32)
    waiting = [places, places]
    while waiting[0].size or waiting[1].size:
        for turn in (0, 1):
            codes = np.zeros(waiting[turn].size, dtype=np.uint8)
            for bit, offset in enumerate(around):
                codes |= flat[waiting[turn] + offset].view(np.uint8) << np.uint8(bit)
            gone = waiting[turn][_deletable()[turn][codes]]
            flat[gone] = False
            near = (gone[:, None] + around).reshape(-1)
            near = near[flat[near]]
            waiting[turn] = _distinct(near, stamps)
            waiting[1 - turn] = _distinct(np.concatenate([waiting[1 - turn], near]), stamps)
            waiting[1 - turn] = waiting[1 - turn][flat[waiting[1 - turn]]]
    return places[flat[places]]


def trace(bits: Bits, places: Places) -> Graph:
    """Follow the skeleton `bits`, whose True pixels are `places` in rising order."""
    first, second = _edges(bits, places)
    fork = np.bincount(np.concatenate([first, second]), minlength=len(places)) >= 3
    inner = fork[first] & fork[second]
    owner = np.full(len(places), FREE)
    owner[fork] = np.unique(_parts(len(places), first[inner], second[inner])[fork], return_inverse=True)[1]
    outer = ~fork[first] & ~fork[second]
    rings, runs = _runs(fork, first[outer], second[outer])
    touched: dict[int, list[int]] = {}
    for one, other in zip(first[fork[first] != fork[second]], second[fork[first] != fork[second]], strict=True):
        pixel, junction = (other, one) if fork[one] else (one, other)
        touched.setdefault(int(pixel), []).append(int(owner[junction]))
    branches = [_branch(run, places, touched, closed=closed) for run, closed in zip(runs, rings, strict=True)]
    return Graph(branches, _middles(owner[fork], places[fork], bits.shape[1]))


def _spurs(graph: Graph, columns: int, room: cKDTree) -> list[Places]:
    """Branches with one free end whose length is under the width of the mask at their junction."""
    if not len(graph.junctions):
        return []
    widths = 2 * np.asarray(room.query(graph.junctions)[0]) + 1
    found = []
    for branch in graph.branches:
        if (branch.head == FREE) == (branch.tail == FREE):
            continue
        junction, tip = (branch.tail, branch.places[0]) if branch.head == FREE else (branch.head, branch.places[-1])
        row, column = graph.junctions[junction]
        if np.hypot(tip // columns - row, tip % columns - column) < widths[junction]:
            found.append(branch.places)
    return found


def _runs(fork: NDArray[np.bool_], first: Places, second: Places) -> tuple[list[bool], list[Places]]:
    """Put the pixels of every branch in order; `first` and `second` are the edges among pixels that are no junction.

    Returns:
        whether each branch is a ring, and the numbers of its pixels from one end to the other.
    """
    part = _parts(len(fork), first, second)
    ends = ~fork & (np.bincount(np.concatenate([first, second]), minlength=len(fork)) <= 1)
    whole = np.unique(part[~fork])
    rings = np.setdiff1d(whole, part[ends])
    # A ring is opened at its lowest pixel, both of whose edges start there: the first of the two is dropped.
    lowest = np.unique(part, return_index=True)
    opened = lowest[1][np.searchsorted(lowest[0], rings)]
    keep = np.ones(len(first), dtype=bool)
    keep[[np.flatnonzero(first == pixel)[0] for pixel in opened]] = False
    ends[opened] = True
    starts = np.flatnonzero(ends)[np.unique(part[ends], return_index=True)[1]]
    source = np.full(len(starts), len(fork))  # one more node, joined to the start of every branch
    order = _walk(len(fork) + 1, np.concatenate([first[keep], source]), np.concatenate([second[keep], starts]))
    order = order[np.argsort(part[order], kind="stable")]
    runs = np.split(order, np.flatnonzero(np.diff(part[order])) + 1) if order.size else []
    return np.isin(whole, rings).tolist(), runs


def _branch(run: Places, places: Places, touched: dict[int, list[int]], *, closed: bool) -> Branch:
    head, tail = touched.get(int(run[0]), []), touched.get(int(run[-1]), [])
    if len(run) == 1:
        head, tail = head[:1], head[1:]
    return Branch(places[run], head[0] if head else FREE, tail[0] if tail else FREE, closed)


def _edges(bits: Bits, places: Places) -> tuple[Places, Places]:
    """Pairs of neighbours by their number in `places`; no diagonal where a way round the corner exists."""
    flat, columns = bits.reshape(-1), bits.shape[1]
    pairs = []
    for offset, corners in [(1, ()), (columns, ()), (columns + 1, (1, columns)), (columns - 1, (-1, columns))]:
        joined = flat[places + offset]
        for corner in corners:
            joined &= ~flat[places + corner]
        pairs.append((np.flatnonzero(joined), np.searchsorted(places, places[joined] + offset)))
    return np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])


def _parts(count: int, first: Places, second: Places) -> NDArray[np.int32]:
    """(count,) number of the connected part that each node belongs to."""
    edges = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(count, count))
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int32)


def _walk(count: int, first: Places, second: Places) -> Places:
    """Nodes in the order of a walk from the last one, breadth first, without that last one."""
    edges = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(count, count)).tocsr()
    order = breadth_first_order(edges, count - 1, directed=False, return_predecessors=False)
    return np.asarray(order, dtype=np.int64)[1:]


def _middles(owner: Places, places: Places, columns: int) -> NDArray[np.float64]:
    counts = np.bincount(owner)
    rows, across = np.divmod(places, columns)
    return np.stack([np.bincount(owner, rows) / counts, np.bincount(owner, across) / counts], axis=1)


def _offsets(columns: int) -> Places:
    return np.array([row * columns + column for row, column in AROUND], dtype=np.int64)


def _distinct(places: Places, stamps: NDArray[np.int32]) -> Places:
    """Each place once, without sorting; `stamps` is any array as large as the mask."""
    order = np.arange(places.size, dtype=np.int32)
    stamps[places] = order
    kept: Places = places[stamps[places] == order]
    return kept


@cache
def _deletable() -> NDArray[np.bool_]:
    """(2, 256): whether a pixel with these neighbours (bit k: AROUND[k]) may go, in each of the two turns."""
    p = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(bool).T
    crossings = sum((~p[k] & (p[k + 1] | p[(k + 2) % 8])).astype(int) for k in (0, 2, 4, 6))
    pairs = [sum((p[k + turn - 1] | p[k + turn]).astype(int) for k in (0, 2, 4, 6)) for turn in (0, 1)]
    fewest = np.minimum(pairs[0], pairs[1])
    kept = [(p[0] | p[1] | ~p[3]) & p[2], (p[4] | p[5] | ~p[7]) & p[6]]
    return np.stack([(crossings == 1) & (fewest >= 2) & (fewest <= 3) & ~side for side in kept])
