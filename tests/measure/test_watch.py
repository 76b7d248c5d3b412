"""The rules of a watch: what breaks each, what does not, and how often a good version is broken by chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sightloop.measure import watch
from sightloop.measure.pairs import Pair


def pair(won: int, lost: int, same: int, *, groups: list[str] | None = None) -> Pair:
    live, candidate = (np.repeat(rows, [won, lost, same]).astype(float) for rows in ([0, 1, 1], [1, 0, 1]))
    n = won + lost + same
    return Pair(live, candidate, groups or [str(row) for row in range(n)], ["red"] * n)


@pytest.mark.parametrize(
    ("failed", "answered", "failed_before", "passed"),
    [(0, 0, 0, None), (0, 10, 0, True), (2, 10, 0, True), (3, 10, 0, False), (3, 297, 0, True), (4, 96, 30, True)],
)
def test_failures_break_above_one_percent_and_twice_the_share_before(
    failed: int, answered: int, failed_before: int, *, passed: bool | None
) -> None:
    found = watch.errors(failed, answered, failed_before=failed_before, answered_before=1000 - failed_before)
    assert found.passed is passed


def test_time_breaks_only_beyond_half_as_long_again_and_from_fifty_answers_on() -> None:
    assert watch.latency([0.9] * 49, [0.1] * 500).passed is None
    assert watch.latency([0.14] * 50, [0.1] * 500).passed is True
    slow = watch.latency([0.16] * 50, [0.1] * 500)
    assert (slow.passed, slow.figures["p95_ms"]) == (False, pytest.approx(160))
    assert "160 ms, against 100 ms before" in slow.sentence


def test_times_of_one_moment_decide_over_those_of_two() -> None:
    slow = watch.latency([0.2] * 50, [0.1] * 500)
    assert watch.slower(slow, watch.latency([0.2] * 10, [0.2] * 10)).passed is None
    assert watch.slower(slow, watch.latency([0.2] * 100, [0.19] * 100)).passed is True
    broken = watch.slower(slow, watch.latency([0.2] * 100, [0.1] * 100))
    assert (broken.passed, broken.figures["together"]["p95_ms"]) == (False, pytest.approx(200))


def test_corrections_are_tested_as_fisher_did() -> None:
    found = watch.corrections(12, 40, corrected_before=5, seen_before=200)
    expected = stats.fisher_exact(np.array([[12, 28], [5, 195]]), alternative="greater").pvalue
    assert found.figures["p"] == pytest.approx(expected)
    assert found.passed is False
    assert "Of 40 answers that people looked at they corrected 12 (30.0%), against 2.5% of 200 before" in found.sentence


def test_fewer_corrections_than_before_break_nothing() -> None:
    assert watch.corrections(0, 400, corrected_before=200, seen_before=400).passed is True


def test_nothing_breaks_between_two_looks() -> None:
    assert watch.corrections(30, 40, corrected_before=0, seen_before=200, looks=False).passed is True
    assert watch.accuracy(pair(0, 30, 10), looks=False).passed is True


def test_where_nobody_looked_at_answers_of_one_version_corrections_cannot_be_compared() -> None:
    before = watch.corrections(9, 9, corrected_before=0, seen_before=0)
    assert (before.passed, before.sentence) == (None, "Nobody looked at an answer of the version before.")
    assert watch.corrections(0, 0, corrected_before=2, seen_before=9).passed is None


def test_looks_come_at_ten_words_and_at_twice_as_many_each_time() -> None:
    assert [watch.look(n) for n in (0, 9, 10, 19, 20, 39, 40, 320, 5000)] == [0, 0, 1, 1, 2, 2, 3, 6, 6]


def test_shares_break_only_beyond_a_quarter_and_from_a_hundred_pictures_on() -> None:
    old = ["red"] * 50 + ["blue"] * 50
    assert watch.classes(old[:99], ["blue"] * 99).passed is None
    assert watch.classes(["red"] * 75 + ["blue"] * 25, old).passed is True
    broken = watch.classes(["red"] * 80 + ["blue"] * 20, old)
    assert (broken.passed, broken.figures["apart"]) == (False, pytest.approx(0.3))
    assert "0.30 apart" in broken.sentence


def test_accuracy_breaks_by_exact_mcnemar_and_near_copies_count_once() -> None:
    assert watch.accuracy(pair(0, 10, 30)).figures["p"] == pytest.approx(0.5**10)
    assert watch.accuracy(pair(0, 10, 30)).passed is False
    assert watch.accuracy(pair(0, 10, 0, groups=["one"] * 10)).passed is True
    assert watch.accuracy(pair(0, 0, 0)).passed is None


def test_a_version_as_good_as_the_one_before_is_broken_in_less_than_one_watch_of_a_hundred() -> None:
    """Both are corrected in 10 % of the answers; 2,000 watches of 500 answers, every one of them seen by a human."""
    drawn = np.random.default_rng(5)
    broken = 0
    for before in drawn.binomial(500, 0.1, 2000):
        wrong = np.cumsum(drawn.random(320) < 0.1)
        seen = [watch.FIRST * 2**step for step in range(watch.LOOKS)]
        rules = [watch.corrections(int(wrong[n - 1]), n, corrected_before=int(before), seen_before=500) for n in seen]
        broken += any(rule.passed is False for rule in rules)
    assert broken / 2000 < watch.ALPHA
