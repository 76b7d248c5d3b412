"""Tests of the size figures."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sightloop.measure.insights import BARS, sizes

COUNTS = st.dictionaries(st.integers(1, 20_000), st.integers(0, 50), max_size=30)


def test_smallest_largest_and_mean_are_weighted_by_counts() -> None:
    found = sizes({100: 3, 200: 1}, {50: 4})["width"]
    assert (found["min"], found["max"], found["mean"], found["count"]) == (100, 200, 125.0, 4)


def test_one_size_is_one_bar() -> None:
    assert sizes({}, {50: 4})["height"]["histogram"] == [{"low": 50, "high": 50, "count": 4}]


def test_nothing_counted_has_no_figures() -> None:
    assert sizes({}, {7: 0})["height"] == {"count": 0, "min": None, "max": None, "mean": None, "histogram": []}


@given(COUNTS)
def test_the_bars_hold_every_picture_once(counts: dict[int, int]) -> None:
    bars = sizes(counts, {})["width"]["histogram"]
    assert len(bars) <= BARS
    for bar in bars:
        assert bar["count"] == sum(n for length, n in counts.items() if bar["low"] <= length <= bar["high"])
    assert sum(bar["count"] for bar in bars) == sum(counts.values())
