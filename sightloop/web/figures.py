"""Measured values as the API gives them."""

from __future__ import annotations

from sightloop.web.shapes import Shape


class Interval(Shape):
    """A share in 0..1 and how far it may be off (95 %)."""

    value: float
    low: float
    high: float


class Difference(Shape):
    """A difference of two shares, -1..1; null where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None
