"""Report what all pictures of a project measure: a row for each, and what they come to."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sightloop.core import scale
from sightloop.core.entities import Image, Json, Progress, Project, User
from sightloop.core.errors import SightloopError
from sightloop.core.ports import Report
from sightloop.flows import measuring
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.store.images import Filters

PAGE = 200
BARS = 12
FIGURES = (
    "area_px", "area_share", "length_px", "mean_width_px", "max_width_px", "pieces", "orientation_deg",
    "area_mm2", "length_mm", "mean_width_mm", "max_width_mm",
)  # fmt: skip
COLUMNS = ("id", "name", "source", "class", *FIGURES, "px_per_mm", "certainty", "verified", "note")


@dataclass
class Survey:
    """The rows of a report as they are read, and what those read so far come to; read it once."""

    services: Services
    project: Project
    filters: Filters
    count: int
    report: Report | None = None
    summed: bool = True  # whether what the rows come to is wanted: only then are their figures kept
    read: int = 0
    rows: list[Json] = field(default_factory=list)
    widths: list[tuple[float, float, float]] = field(default_factory=list)  # width, length, scale or 0

    def __iter__(self) -> Iterator[Json]:
        for image in self._pictures():
            row = self._row(image)
            self.read += 1
            if self.summed:
                self.rows.append({name: row[name] for name in ("source", *FIGURES, "px_per_mm")})
            if self.report:
                self.report(Progress(self.read, self.count, f"{self.read} of {self.count} pictures measured"))
            yield row

    def csv(self, *, summed: bool = False) -> Iterator[str]:
        """The rows as CSV, line by line, the names of the columns first; without `summed`, nothing is kept of them."""
        self.summed = summed
        yield _line(COLUMNS)
        for row in self:
            yield _line([_harmless(row[name]) for name in COLUMNS])

    def json(self) -> Iterator[str]:
        """The rows and what they come to as one JSON object, piece by piece."""
        yield '{"items": ['
        for number, row in enumerate(self):
            yield ("," if number else "") + json.dumps(row)
        yield f"], {json.dumps(self.summary())[1:]}"

    def summary(self) -> Json:
        """What the rows read so far come to: {totals, lengths, widths}.

        `lengths` says how many pictures have how much length, `widths` how much length has which width, each
        {unit, bars [{low, high, amount}]}; the unit is mm where every picture with something in it has a scale.
        """
        marked = [row for row in self.rows if row["area_px"]]
        metric = bool(marked) and all(row["px_per_mm"] for row in marked)
        unit = "mm" if metric else "px"
        lengths = np.array([row[f"length_{unit}"] for row in marked])
        wide = np.array([(w / s, n / s) if metric else (w, n) for w, n, s in self.widths]).reshape(-1, 2)
        return {
            "totals": _totals(self.rows, marked),
            "lengths": {"unit": unit, "bars": _bars(lengths, np.ones(len(lengths)))},
            "widths": {"unit": unit, "bars": _bars(wide[:, 0], wide[:, 1])},
        }

    def _pictures(self) -> Iterator[Image]:
        cursor: str | None = None
        while True:
            with self.services.db.connect() as db:
                found, cursor = images.page(
                    db, self.project.id, filters=self.filters, sort="created_at", cursor=cursor, limit=PAGE
                )
            yield from found
            if cursor is None:
                return

    def _row(self, image: Image) -> Json:
        source, note = measuring.source_of(image), ""
        px_per_mm, _ = scale.effective(image, self.project)
        found = None
        try:
            if source is not None:
                found = measuring.figures(
                    self.services, self.project, image, source=source, threshold=self.project.floor
                )
        except SightloopError as error:
            note = error.message
        figures = measuring.scaled(found["total"], px_per_mm) if found else dict.fromkeys(FIGURES)
        if self.summed and found:
            self.widths += [(width, length, px_per_mm or 0.0) for width, length in found["widths"]]
        return {
            "id": image.id,
            "name": image.name,
            "source": source if found else None,
            "class": image.shown,
            **{name: figures[name] for name in FIGURES},
            "px_per_mm": px_per_mm,
            "certainty": image.certainty,
            "verified": image.verified,
            "note": note or image.reason,
        }


def survey(
    services: Services, *, user: User, project: str, filters: Filters | None = None, report: Report | None = None
) -> Survey:
    """The report of the pictures that match, those in the trash left out; measuring begins when it is read.

    Raises:
        Missing: no such project, or not one this user may see.
        Rejected: the project does not segment.
    """
    target = project_for(services, user=user, name=project, action="view")
    measuring.check(target)
    chosen = replace(filters or Filters(), trashed=False)
    with services.db.connect() as db:
        return Survey(services, target, chosen, images.count(db, target.id, chosen), report)


def _totals(rows: list[Json], marked: list[Json]) -> Json:
    metric = [row for row in marked if row["px_per_mm"]]
    return {
        "pictures": len(rows),
        "measured": sum(row["source"] is not None for row in rows),
        "human": sum(row["source"] == "human" for row in rows),
        "model": sum(row["source"] == "model" for row in rows),
        "marked": len(marked),
        "scaled": len(metric),
        "pieces": sum(row["pieces"] for row in marked),
        "length_px": round(sum(row["length_px"] for row in marked), 3),
        "max_width_px": max((row["max_width_px"] for row in marked), default=None),
        "area_mm2": round(sum(row["area_mm2"] for row in metric), 3) if metric else None,
        "length_mm": round(sum(row["length_mm"] for row in metric), 3) if metric else None,
        "max_width_mm": max((row["max_width_mm"] for row in metric), default=None),
    }


def _bars(values: NDArray[np.float64], amounts: NDArray[np.float64]) -> list[Json]:
    """Twelve equal bars from 0 to the highest value; none of nothing."""
    if not len(values) or not values.max() > 0:
        return []
    heights, edges = np.histogram(values, BARS, range=(0.0, float(values.max())), weights=amounts)
    return [
        {"low": round(low, 4), "high": round(high, 4), "amount": round(height, 3)}
        for low, high, height in zip(edges[:-1].tolist(), edges[1:].tolist(), heights.tolist(), strict=True)
    ]


def _harmless(cell: object) -> object:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _line(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
