"""What may be promised of a fast model: exactly the binomial test, never more, and never less than was seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from sightloop.core.errors import Rejected
from sightloop.measure.deferral import (
    Confidences,
    Losses,
    allows,
    certify,
    human_band,
    lower,
    naive,
    needed,
    renew,
    surest_wrong,
    upper,
)

EPSILONS, DELTAS = st.sampled_from([0.01, 0.02, 0.05, 0.2]), st.sampled_from([0.01, 0.05, 0.2])
Seen = tuple[Confidences, Losses]


def drawn(seed: int, n: int, *, digits: int = 3) -> Seen:
    """Answers of a model that is the wronger the less sure it is; confidences that repeat."""
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.3, 1, n).round(digits)
    return sure, rng.random(n) < 0.4 * (1 - sure)


SEEN = st.builds(drawn, st.integers(0, 10**6), st.integers(0, 400), digits=st.integers(1, 6))


@settings(deadline=None)
@given(SEEN, EPSILONS, DELTAS)
def test_what_is_certified_passes_the_exact_binomial_test(seen: Seen, epsilon: float, delta: float) -> None:
    found = certify(*seen, epsilon=epsilon, delta=delta)
    if found.threshold is None:
        assert (found.k, found.share_fast, found.bound) == (0, 0.0, 0.0)
        return
    accepted = seen[0] >= found.threshold
    assert found.k == int(seen[1][accepted].sum())
    assert found.share_fast == accepted.mean()
    assert binom.cdf(found.k, found.n, epsilon) <= delta * (1 + 1e-9)
    assert found.bound <= epsilon + 1e-9


@settings(deadline=None)
@given(SEEN, EPSILONS, DELTAS)
def test_the_next_step_down_fails_and_so_do_all_below(seen: Seen, epsilon: float, delta: float) -> None:
    found = certify(*seen, epsilon=epsilon, delta=delta)
    passed = [row["passed"] for row in found.curve]
    assert passed == sorted(passed, reverse=True)
    assert sum(passed) == sum(row["threshold"] >= (found.threshold or 2) for row in found.curve)


@settings(deadline=None)
@given(SEEN, EPSILONS, DELTAS)
def test_who_risks_more_defers_no_more(seen: Seen, epsilon: float, delta: float) -> None:
    share = certify(*seen, epsilon=epsilon, delta=delta).share_fast
    assert certify(*seen, epsilon=2 * epsilon, delta=delta).share_fast >= share
    assert certify(*seen, epsilon=epsilon, delta=2 * delta).share_fast >= share


@settings(deadline=None)
@given(SEEN, EPSILONS, DELTAS)
def test_fewer_pictures_than_needed_defer_everything(seen: Seen, epsilon: float, delta: float) -> None:
    found = certify(*seen, epsilon=epsilon, delta=delta)
    if found.n < found.needed:
        assert found.threshold is None


@settings(deadline=None)
@given(SEEN, st.integers(0, 99))
def test_the_order_of_the_pictures_does_not_matter(seen: Seen, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(seen[0]))
    mixed = certify(seen[0][order], seen[1][order], epsilon=0.05, delta=0.1)
    assert mixed == certify(*seen, epsilon=0.05, delta=0.1)


def test_a_flawless_model_answers_everything_as_soon_as_there_are_enough_pictures() -> None:
    sure = np.linspace(0.5, 1, 149)
    assert certify(sure, sure < 0, epsilon=0.02, delta=0.05).share_fast == 1.0
    assert certify(sure[1:], sure[1:] < 0, epsilon=0.02, delta=0.05).threshold is None


def test_one_costly_answer_among_the_surest_certifies_nothing_where_n_allows_none() -> None:
    sure = np.linspace(0.5, 1, 200)
    assert certify(sure, sure == 1, epsilon=0.02, delta=0.05).threshold is None


def test_no_limit_below_the_least_is_tried() -> None:
    sure = np.linspace(0, 1, 500)
    assert certify(sure, sure < 0, epsilon=0.02, delta=0.05, least=0.7).threshold == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize(("epsilon", "delta", "n"), [(0.01, 0.05, 299), (0.02, 0.05, 149)])
def test_the_known_least_numbers_of_pictures(epsilon: float, delta: float, n: int) -> None:
    assert needed(epsilon, delta) == n


@settings(deadline=None)
@given(st.floats(0.003, 0.5), st.floats(0.001, 0.5), st.integers(0, 5))
def test_one_picture_fewer_than_needed_is_too_few(epsilon: float, delta: float, k: int) -> None:
    n = needed(epsilon, delta, k=k)
    assert binom.cdf(k, n, epsilon) <= delta * (1 + 1e-9)
    assert binom.cdf(k, n - 1, epsilon) > delta * (1 - 1e-9)


@settings(deadline=None)
@given(st.integers(0, 2000), DELTAS)
def test_the_table_of_what_n_allows_agrees_with_the_test_itself(n: int, delta: float) -> None:
    for row in allows(n, delta=delta):
        most = -1 if row["most"] is None else row["most"]
        assert row["possible"] == (most >= 0) == (n >= row["needed"])
        assert binom.cdf(most + 1, n, row["epsilon"]) > delta * (1 - 1e-9)
        assert most < 0 or binom.cdf(most, n, row["epsilon"]) <= delta * (1 + 1e-9)
        assert row["needed"] < row["needed_1"] < row["needed_2"]


@settings(deadline=None)
@given(SEEN, EPSILONS)
def test_the_naive_limit_is_the_lowest_that_looks_good_enough(seen: Seen, epsilon: float) -> None:
    limit = naive(*seen, epsilon=epsilon)
    costs = {t: seen[1][seen[0] >= t].sum() / max(1, len(seen[0])) for t in np.unique(seen[0])}
    assert limit == min((t for t, cost in costs.items() if cost <= epsilon), default=None)


def test_the_naive_limit_breaks_its_promise_far_more_often_than_the_certified_one() -> None:
    """True rates: P(s >= t and wrong) of `drawn` with t above 0.3 is 0.4 (1 - t)^2 / 2 / 0.7."""
    broken = {"certified": 0, "naive": 0}
    for seed in range(300):
        seen = drawn(seed, 300, digits=9)
        limits = {"certified": certify(*seen, epsilon=0.03, delta=0.05).threshold, "naive": naive(*seen, epsilon=0.03)}
        for way, limit in limits.items():
            broken[way] += limit is not None and 0.2 * (1 - limit) ** 2 / 0.7 > 0.03
    assert broken["certified"] <= 300 * 0.05
    assert broken["naive"] > 300 * 0.3


@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_no_cascade_gives_a_wrong_answer_that_the_worst_case_does_not_count(
    seed: int, least: float, above: float, band: float
) -> None:
    (fast, fast_wrong), (accurate, accurate_wrong) = drawn(seed, 60), drawn(seed + 1, 60)
    limit = least + above * (1 - least)
    quick = fast >= limit
    given_wrong = np.where(quick, fast_wrong, accurate_wrong) & (np.where(quick, fast, accurate) >= band)
    sure, wrong = surest_wrong((fast, fast_wrong), (accurate, accurate_wrong), least=least)
    assert not (given_wrong & ~(wrong & (sure >= band))).any()


def test_the_human_band_is_lower_the_more_wrong_answers_may_be_given() -> None:
    seen = drawn(5, 2000, digits=9)
    limits = [human_band(*seen, epsilon=epsilon, delta=0.05).threshold for epsilon in (0.01, 0.03, 0.1)]
    assert limits == sorted((limit for limit in limits if limit is not None), reverse=True)


@pytest.mark.parametrize(
    ("n", "disagreements", "share", "verdict"),
    [(400, 0, 0.8, "holds"), (20, 0, 0.8, "undecided"), (400, 40, 0.8, "broken"), (0, 0, 0.5, "undecided")],
)
def test_an_audit_says_whether_the_promise_holds(n: int, disagreements: int, share: float, verdict: str) -> None:
    found = renew(n, disagreements, share, epsilon=0.02, delta=0.05)
    assert found["verdict"] == verdict
    assert 0 <= found["low"] <= found["high"] <= share


@settings(deadline=None)
@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), DELTAS)
def test_the_bounds_are_those_of_clopper_and_pearson(seen: tuple[int, int], delta: float) -> None:
    expected = binomtest(*seen).proportion_ci(1 - 2 * delta, method="exact")
    assert (lower(*seen, delta=delta), upper(*seen, delta=delta)) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("sure", "lost", "epsilon", "said"),
    [
        ([0.5], [True, False], 0.1, "paired"),
        ([1.5], [True], 0.1, "within 0 and 1"),
        ([float("nan")], [True], 0.1, "within 0 and 1"),
        ([0.5], [True], 0.0, "epsilon"),
    ],
)
def test_what_makes_no_sense_is_refused(sure: list[float], lost: list[bool], epsilon: float, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        certify(np.array(sure), np.array(lost), epsilon=epsilon, delta=0.05)


def test_more_disagreements_than_audited_answers_are_refused() -> None:
    with pytest.raises(Rejected, match="3 disagreements of 2"):
        renew(2, 3, 0.5, epsilon=0.02, delta=0.05)
