"""Measures a mask of cracks: how long, how wide, how many, and which way they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from sightloop.core.entities import Json
from sightloop.measure.centre_line import Points
from sightloop.measure.pieces import Numbers, Pieces, take
from sightloop.measure.skeleton import Bits

MOST_PIECES = 200
MOST_POINTS = 2000


@dataclass(frozen=True)
class Piece:
    """One connected piece of a mask: its box, and its figures as in Geometry."""

    x: int
    y: int
    width: int
    height: int
    length_px: float
    mean_width_px: float
    max_width_px: float
    area_px: int
    orientation_deg: float


@dataclass(frozen=True)
class Geometry:
    """What a mask measures; figures in millimetres are None without a scale."""

    area_px: int
    area_share: float  # 0..1, of the picture
    length_px: float  # along the middle lines of all pieces, from end to end
    mean_width_px: float  # area over length
    max_width_px: float  # at the widest place that is no junction
    widest: tuple[float, float] | None  # x, y of that place; the top left pixel covers 0..1
    pieces: int
    orientation_deg: float | None  # 0 horizontal, 45 rising to the right, under 180; weighted by length
    per_piece: tuple[Piece, ...]  # at most MOST_PIECES, the largest area first
    area_mm2: float | None
    length_mm: float | None
    mean_width_mm: float | None
    max_width_mm: float | None
    profile: Numbers  # (n, 2): a width and the length that has it, both in pixels
    lines: tuple[Points, ...]  # middle lines, each (points, 2) of x, y


def measure(mask: Bits, *, px_per_mm: float | None = None) -> Geometry:
    """Measure the True pixels of a mask.

    Length runs along the skeleton, without spurs shorter than the mask is wide and without rings round pinholes. It is
    smoothed, so that the pixels' stairs add nothing, and drawn out at free ends to where the mask ends. Pieces not much
    longer than wide are measured as the rectangle of the same moments.

    Args:
        mask: (height, width) bool.
        px_per_mm: pixels to the millimetre, above 0.
    """
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        scaled = None if px_per_mm is None else 0.0
        nothing = np.empty((0, 2))
        return Geometry(0, 0.0, 0.0, 0.0, 0.0, None, 0, None, (), scaled, scaled, scaled, scaled, nothing, ())
    taken = take(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return _summed(taken, np.array([columns[0], rows[0]]), pixels=mask.size, scale=px_per_mm)


def as_json(geometry: Geometry) -> Json:
    """All figures but the profile and the lines, to a thousandth (the share in full)."""
    figures = {field.name: getattr(geometry, field.name) for field in fields(geometry)[:-2]}
    rows = [_rounded(vars(piece)) for piece in geometry.per_piece]
    return {**_rounded(figures), "area_share": geometry.area_share, "per_piece": rows}


def histogram(profile: Numbers, *, bins: int = 12) -> list[Json]:
    """How much length has which width: rows {from_px, to_px, length_px} from 0 to the largest width; [] of nothing.

    Args:
        profile: (n, 2) of width and length in pixels, of one Geometry or of several joined.
        bins: rows, all equally wide.
    """
    if not len(profile):
        return []
    lengths, edges = np.histogram(profile[:, 0], bins, (0, float(profile[:, 0].max())), weights=profile[:, 1])
    rows = zip(edges[:-1].tolist(), edges[1:].tolist(), lengths.tolist(), strict=True)
    return [_rounded({"from_px": low, "to_px": high, "length_px": length}) for low, high, length in rows]


def centre_lines(mask: Bits, *, limit: int = MOST_POINTS) -> list[list[tuple[float, float]]]:
    """The middle lines of a mask, as `drawn` thins them out."""
    return drawn(measure(mask).lines, limit=limit)


def drawn(lines: Sequence[Points], *, limit: int = MOST_POINTS) -> list[list[tuple[float, float]]]:
    """Thin lines out to at most `limit` points (x, y) in all, to tenths of a pixel; of too many the longest are kept.

    Args:
        lines: of a Geometry.
        limit: points in all, 4 at least.
    """
    chosen = sorted(lines, key=len, reverse=True)[: limit // 4]
    every = max(1, -(-sum(map(len, chosen)) // (limit - 2 * len(chosen))))
    kept = [np.concatenate([line[:-1:every], line[-1:]]).round(1) for line in chosen]
    return [[(x, y) for x, y in line.tolist()] for line in kept]


def _summed(taken: Pieces, corner: Numbers, *, pixels: int, scale: float | None) -> Geometry:
    area, length = int(taken.areas.sum()), float(taken.lengths.sum())
    widest = int(taken.widest.argmax())
    x, y = (taken.places[widest] + corner).tolist()
    largest = np.argsort(-taken.areas, kind="stable")[:MOST_PIECES]
    top = float(taken.widest[widest])
    return Geometry(
        area_px=area,
        area_share=area / pixels,
        length_px=length,
        mean_width_px=area / length,
        max_width_px=top,
        widest=(x, y),
        pieces=len(taken.areas),
        orientation_deg=_degrees(complex(taken.turns.sum())),
        per_piece=tuple(_piece(taken, int(index), corner) for index in largest),
        area_mm2=area / scale**2 if scale else None,
        length_mm=length / scale if scale else None,
        mean_width_mm=area / length / scale if scale else None,
        max_width_mm=top / scale if scale else None,
        profile=taken.profile,
        lines=tuple(line + corner for line in taken.lines),
    )


def _piece(taken: Pieces, index: int, corner: Numbers) -> Piece:
    rows, columns = taken.boxes[index]
    return Piece(
        x=columns.start + int(corner[0]),
        y=rows.start + int(corner[1]),
        width=columns.stop - columns.start,
        height=rows.stop - rows.start,
        length_px=float(taken.lengths[index]),
        mean_width_px=float(taken.areas[index] / taken.lengths[index]),
        max_width_px=float(taken.widest[index]),
        area_px=int(taken.areas[index]),
        orientation_deg=_degrees(complex(taken.turns[index])),
    )


def _degrees(turn: complex) -> float:
    """0 up to and without 180, of a direction given by twice its angle."""
    return float(np.degrees(np.angle(turn)) / 2 % 180 % 180)


def _rounded(figures: Json) -> Json:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
