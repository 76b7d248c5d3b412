"""When tests of drift become an alarm: the rule that a day's window, a month and single classes share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sightloop.core.entities import Json
from sightloop.measure.drift import (
    DISTANCE,
    THRESHOLD,
    Columns,
    Evidence,
    Names,
    Sample,
    evidence,
    material,
    union,
    within_classes,
)

TWICE = 0.6  # of the nominal p, below which two windows running alarm: of the same reference, they are no two draws
STRICTER = 4  # times as strict as the rule of a window is that of the month and of its classes


@dataclass(frozen=True)
class Slow:
    """What a month's pictures say: `p` of all families, and rows of `measure.drift.within_classes`."""

    n: int
    p: float
    found: Sequence[Evidence]
    classes: Sequence[Json]


@dataclass(frozen=True)
class Decision:
    """`by` says which tests raised the alarm: "window", "twice", "month" or "classes"; None where there is none."""

    p: float
    found: Sequence[Evidence]
    slow: Slow | None
    by: str | None

    @property
    def telling(self) -> Sequence[Evidence]:
        """The families that decided."""
        return self.slow.found if self.slow and self.by == "month" else self.found


def decide(
    reference: Sample,
    window: Sample,
    *,
    month: Sample | None,
    before: float | None,
    basis: Columns,
    names: Names,
    threshold: float = THRESHOLD,
) -> Decision:
    """Test a window, and where it is their turn the pictures of a month and the classes among them.

    `threshold` is the nominal p. A window alarms below its square, or twice running below three fifths of itself; the
    month and its classes below a quarter of its square, because their windows overlap: one bad draw speaks again and
    again. Each also needs an effect worth a person's time. Together they may be wrong 1.5 times in a year of daily
    checks, which `benchmarks/drift.py` measures.

    Args:
        month: the pictures of up to 30 days, once a week; None otherwise.
        before: p of the window before, None where there was none.
    """
    found = evidence(reference, window, basis=basis, names=names)
    p, effect = union(found), material(found)
    slow = None if month is None else _slow(reference, month, basis=basis, names=names)
    by = None
    if effect and p < threshold**2:
        by = "window"
    elif effect and before is not None and max(p, before) < TWICE * threshold:
        by = "twice"
    elif slow is not None:
        by = _slowly(slow, threshold=threshold)
    return Decision(p, found, slow, by)


def _slow(reference: Sample, month: Sample, *, basis: Columns, names: Names) -> Slow:
    found = evidence(reference, month, basis=basis, names=names)
    return Slow(len(month), union(found), found, within_classes(reference, month, basis=basis, names=names))


def _slowly(slow: Slow, *, threshold: float) -> str | None:
    limit = threshold**2 / STRICTER
    if slow.p < limit and material(slow.found):
        return "month"
    return "classes" if any(row["p"] < limit and row["effect"] >= DISTANCE for row in slow.classes) else None
