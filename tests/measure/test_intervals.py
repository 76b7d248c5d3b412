"""Tests of Wilson's interval and of resampling groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sightloop.measure.intervals import bounds, figure, group_codes, group_sums, resampled, wilson


@given(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95, 0.99])
)
def test_wilson_agrees_with_scipy(seen: tuple[int, int], confidence: float) -> None:
    expected = binomtest(*seen).proportion_ci(confidence, method="wilson")
    assert wilson(*seen, confidence) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilson_knows_nothing_without_trials() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_reaches_exactly_zero_and_one_at_the_ends() -> None:
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=40))
def test_group_sums_add_up_each_group(groups: list[str]) -> None:
    values = np.arange(len(groups), dtype=np.float64)[:, None]
    codes, count = group_codes(groups)
    sums = group_sums(values, codes, count)[:, 0]
    assert sums.tolist() == [sum(i for i, g in enumerate(groups) if g == name) for name in sorted(set(groups))]


@given(st.integers(1, 50), st.integers(0, 30))
def test_every_resample_draws_as_many_groups_as_there_are(count: int, resamples: int) -> None:
    blocks = list(resampled(count, resamples=resamples, seed=1, width=1_000_000))
    assert sum(len(block) for block in blocks) == resamples
    assert all((block.sum(axis=1) == count).all() for block in blocks)


def test_the_size_of_a_block_does_not_change_what_is_drawn() -> None:
    narrow = np.concatenate(list(resampled(9, resamples=20, seed=4, width=2_000_000)))
    wide = np.concatenate(list(resampled(9, resamples=20, seed=4, width=1)))
    assert (narrow == wide).all()


def test_undefined_resamples_are_left_out_of_the_bounds() -> None:
    assert bounds(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert bounds(np.array([np.nan])) is None


def test_an_interval_is_widened_to_hold_its_value() -> None:
    assert figure(0.1, np.array([0.2, 0.3])) == {"value": 0.1, "low": 0.1, "high": pytest.approx(0.2975)}


def test_an_undefined_figure_is_none_throughout() -> None:
    assert figure(np.nan, np.array([0.2])) == {"value": None, "low": None, "high": None}
