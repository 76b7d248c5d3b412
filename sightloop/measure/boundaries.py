"""Which boundary pixels of a mask lie close to those of the truth."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Mask

Flags = NDArray[np.bool_]


class Matches(NamedTuple):
    """Boundary pixels of each class, (classes,) int64: of answer and truth, those near the other and all."""

    btp_pred: NDArray[np.int64]
    bpred: NDArray[np.int64]
    btp_truth: NDArray[np.int64]
    btruth: NDArray[np.int64]


def match(predicted: Mask, truth: Mask, *, classes: int, tolerance: float) -> Matches:
    """Count the boundary pixels of two (height, width) masks, and those within `tolerance` pixels of the other's.

    The counts behind the boundary F-measure (Csurka, Larlus and Perronnin 2013, "What is a good evaluation measure for
    semantic segmentation?"). A boundary pixel belongs to its class and touches, by an edge, one that does not; the
    picture's own edge is no boundary. Distances are Euclidean, between the centres of pixels.
    """
    rows = [_of_class(predicted == index, truth == index, tolerance=tolerance) for index in range(1, classes + 1)]
    return Matches(*np.array(rows, dtype=np.int64).reshape(classes, 4).T)


def boundary(mask: Flags) -> Flags:
    """The pixels of a (height, width) mask that touch, by an edge, a pixel of the picture outside it."""
    inside = mask.copy()
    inside[1:] &= mask[:-1]
    inside[:-1] &= mask[1:]
    inside[:, 1:] &= mask[:, :-1]
    inside[:, :-1] &= mask[:, 1:]
    return mask & ~inside


def _of_class(predicted: Flags, truth: Flags, *, tolerance: float) -> tuple[int, int, int, int]:
    either = predicted | truth
    rows = np.flatnonzero(either.any(axis=1))
    if not rows.size:
        return 0, 0, 0, 0
    columns = np.flatnonzero(either[rows[0] : rows[-1] + 1].any(axis=0))
    # One pixel more on every side, so that the crop's edge is a boundary where it is not the picture's.
    window = np.s_[max(0, rows[0] - 1) : rows[-1] + 2, max(0, columns[0] - 1) : columns[-1] + 2]
    answers, true = boundary(predicted[window]), boundary(truth[window])
    near_answers = answers & _near(true, tolerance=tolerance)
    near_true = true & _near(answers, tolerance=tolerance)
    return int(near_answers.sum()), int(answers.sum()), int(near_true.sum()), int(true.sum())


def _near(points: Flags, *, tolerance: float) -> Flags:
    """Where a pixel of `points` is within `tolerance`: a disc stamped on each, as boundaries are few pixels of many."""
    reach = math.floor(tolerance)
    height, width = points.shape
    stamped = np.zeros((height + 2 * reach, width + 2 * reach), np.bool_)
    flat = stamped.reshape(-1)
    y, x = np.nonzero(points)
    places = (y + reach) * stamped.shape[1] + x + reach
    for down in range(-reach, reach + 1):
        side = math.floor(math.sqrt(tolerance**2 - down**2))
        for right in range(-side, side + 1):
            flat[places + (down * stamped.shape[1] + right)] = True
    return stamped[reach : reach + height, reach : reach + width]
