"""Regions that a data set outlines, painted into a mask one by one, so that a bad one costs only itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Mask
from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.flows.items import MAX_INDEX, Size
from sightloop.vision import masks, regions
from sightloop.vision.masks import Read

Polygon = NDArray[np.float64]  # (points, 2), x and y in pixels from the upper left corner of the picture
NAMED = 5  # rows that a note names


@dataclass(frozen=True)
class Region:
    """A row of an annotation file: a class index from 1 and polygons (their union) or a COCO run-length code.

    `where` names the row; `reason` says why it cannot be used.
    """

    where: str
    index: int = 0
    polygons: tuple[Polygon, ...] = ()
    rle: Json | None = None
    reason: str | None = None


def paint(rows: Iterable[Region], *, size: Size) -> Read:
    """The mask of these rows, later over earlier, and a note that names the rows left out.

    Raises:
        Rejected: there are rows, and not one of them can be used.
    """
    mask = masks.empty(size)
    refused: list[str] = []
    count = 0
    for row in rows:
        count += 1
        try:
            _paint(mask, row)
        except Rejected as error:
            refused.append(f"{row.where}: {error.message}")
    some = " ".join(refused[:NAMED]) + (f" And {len(refused) - NAMED} more." if len(refused) > NAMED else "")
    if count and len(refused) == count:
        raise Rejected(f"no row can be read. {some}")
    return Read(mask, f"{len(refused)} of {count} rows left out. {some}" if refused else None)


def _paint(mask: Mask, row: Region) -> None:
    if row.reason:
        raise Rejected(row.reason)
    if row.index > MAX_INDEX:
        raise Rejected(f"class {row.index}, and a mask has at most {MAX_INDEX}.")
    if row.rle is not None:
        mask[regions.from_rle(row.rle, mask.shape)] = row.index
    for polygon in row.polygons:
        _fill(mask, polygon, index=row.index)


def _fill(mask: Mask, polygon: Polygon, *, index: int) -> None:
    """Fill within the polygon's own box: a large picture with many small pieces stays cheap."""
    ends = mask.shape[::-1]
    left, top = np.clip(np.floor(polygon.min(axis=0)), 0, ends).astype(int)
    right, bottom = np.clip(np.ceil(polygon.max(axis=0)), 0, ends).astype(int)
    window = mask[top:bottom, left:right]
    if window.size:
        window[regions.fill([(polygon - (left, top)).tolist()], window.shape)] = index


def polygon(numbers: Sequence[float]) -> Polygon:
    """The polygon of x, y, x, y, …; raises Rejected where these make none."""
    if len(numbers) < 6 or len(numbers) % 2:
        raise Rejected(f"{len(numbers)} numbers make no outline.")
    found = np.asarray(numbers, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(found).all():
        raise Rejected("an outline has a number that is none.")
    return found
