"""Whether a stream changed: distances and levels that are known beforehand, and the rule that alarms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sightloop.measure import alarm, drift
from tests.measure.drifting import BASIS, NAMES, drawn, reference

Rng = np.random.Generator


@pytest.fixture
def rng() -> Rng:
    return np.random.default_rng(3)


@pytest.mark.parametrize("n", [50, 200, 1000])
@pytest.mark.parametrize("moved", [0.0, 0.3])
def test_distance_and_p_are_those_of_scipy(rng: Rng, n: int, moved: float) -> None:
    one, other = rng.normal(size=(300, 8)), rng.normal(moved, size=(n, 8))
    distances, p = drift.ks(one, other)
    known = [stats.ks_2samp(one[:, at], other[:, at]) for at in range(8)]
    assert distances == pytest.approx([found.statistic for found in known], abs=1e-12)
    assert p == pytest.approx([found.pvalue for found in known], abs=0.01)


def test_ties_count_as_equal(rng: Rng) -> None:
    one, other = rng.integers(0, 4, (120, 3)).astype(float), rng.integers(0, 4, (90, 3)).astype(float)
    known = [stats.ks_2samp(one[:, at], other[:, at]).statistic for at in range(3)]
    assert drift.ks(one, other)[0] == pytest.approx(known, abs=1e-12)


def test_what_is_missing_takes_no_part(rng: Rng) -> None:
    one, other = rng.normal(size=(200, 1)), rng.normal(0.4, size=(150, 1))
    one[::3], other[::2] = np.nan, np.nan
    known = stats.ks_2samp(one[~np.isnan(one)], other[~np.isnan(other)])
    distance, p = drift.ks(one, other)
    assert distance[0] == pytest.approx(known.statistic, abs=1e-12)
    assert p[0] == pytest.approx(known.pvalue, abs=0.02)


def test_nothing_to_compare_is_no_evidence() -> None:
    empty = np.full((20, 2), np.nan)
    assert drift.ks(empty, np.ones((20, 2)))[1].tolist() == [1.0, 1.0]
    assert len(drift.ks(np.zeros((20, 0)), np.zeros((20, 0)))[1]) == 0


def test_a_weight_of_two_is_a_row_twice_but_for_its_size(rng: Rng) -> None:
    one, other = rng.normal(size=(60, 2)), rng.normal(size=(50, 2))
    weights = rng.integers(1, 4, 60).astype(float)
    twice = np.repeat(one, weights.astype(int), axis=0)
    assert drift.ks(one, other, weights)[0] == pytest.approx(drift.ks(twice, other)[0], abs=1e-12)


def test_all_families_together_reject_a_clean_window_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    rejected = [
        drift.union(drift.evidence(reference(rng), drawn(rng, 100), basis=BASIS, names=NAMES)) < 0.05
        for _ in range(300)
    ]
    assert np.mean(rejected) <= 0.075  # 0.05 and two standard errors


def test_the_strange_share_is_compared_with_an_uncertain_one() -> None:
    rng = np.random.default_rng(6)
    p = [
        next(one.p for one in drift.evidence(drawn(rng, 80), drawn(rng, 1000), basis=BASIS, names=NAMES)[4:])
        for _ in range(200)
    ]
    assert np.mean(np.array(p) < 0.05) <= 0.08


def test_a_blurred_stream_alarms_by_its_statistics(rng: Rng) -> None:
    window = drawn(rng, 150, blur=-1.0)
    found = alarm.decide(reference(rng), window, month=None, before=None, basis=BASIS, names=NAMES)
    assert found.by == "window"
    worst = min(found.found, key=lambda one: one.p)
    assert (worst.name, worst.worst[0]["column"]) == ("statistics", "blur")


def test_two_windows_below_the_threshold_alarm_together(rng: Rng) -> None:
    held, weak = reference(rng), drawn(np.random.default_rng(2), 150, blur=-0.28)
    alone = alarm.decide(held, weak, month=None, before=0.5, basis=BASIS, names=NAMES)
    assert 0.05**2 < alone.p < 0.03
    assert alone.by is None
    assert alarm.decide(held, weak, month=None, before=0.02, basis=BASIS, names=NAMES).by == "twice"


def test_a_difference_that_is_sure_but_tiny_raises_no_alarm(rng: Rng) -> None:
    held, window = drawn(rng, 20_000), drawn(rng, 20_000, blur=-0.1)
    found = alarm.decide(held, window, month=None, before=0.0, basis=BASIS, names=NAMES)
    assert found.p < 1e-4
    assert found.by is None


def test_a_slow_change_is_found_in_the_month(rng: Rng) -> None:
    held, weak = reference(rng), drawn(rng, 2000, blur=-0.35)
    found = alarm.decide(held, weak.keep(np.arange(40)), month=weak, before=None, basis=BASIS, names=NAMES)
    assert (found.by, found.p > 0.05**2) == ("month", True)


def test_one_changed_class_of_many_is_found_within_it(rng: Rng) -> None:
    held = reference(rng, 600)
    month = drawn(rng, 600)
    month.statistics[month.predicted == 1, 0] -= 1.2
    rows = drift.within_classes(held, month, basis=BASIS, names=NAMES)
    assert (rows[0]["class"], rows[0]["family"]) == ("b", "statistics")
    assert rows[0]["p"] < 1e-4 < 0.05 < rows[1]["p"]
    assert [row["p"] for row in rows] == sorted(row["p"] for row in rows)


def test_a_threshold_of_a_project_makes_it_stricter(rng: Rng) -> None:
    held, window = reference(rng), drawn(rng, 150, blur=-0.5)
    usual = alarm.decide(held, window, month=None, before=None, basis=BASIS, names=NAMES)
    strict = alarm.decide(held, window, month=None, before=None, basis=BASIS, names=NAMES, threshold=1e-6)
    assert (usual.by, strict.by) == ("window", None)
