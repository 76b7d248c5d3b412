"""Tests of two models on the same pictures: symmetry, honesty of the bounds, and what groups do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from sightloop.measure import calibration
from sightloop.measure.pairs import FEWEST, Pair, calibration_errors, difference, mcnemar, more, part, superior

RUNS = 400
NUMBERS = st.integers(0, 40)


def _pair(won: int, lost: int, same: int, *, size: int = 1, classes: int = 1) -> Pair:
    """Right and wrong answers of so many pictures each; every `size` neighbours are one group."""
    live = np.repeat([0.0, 1.0, 1.0], [won, lost, same])
    candidate = np.repeat([1.0, 0.0, 1.0], [won, lost, same])
    n = won + lost + same
    return Pair(live, candidate, [str(row // size) for row in range(n)], [str(row % classes) for row in range(n)])


def _drawn(rng: np.random.Generator, n: int, *, gain: float, discordant: float, size: int = 1) -> Pair:
    """A pair of which the candidate is better by `gain` in truth; `size` near-copies are answered alike."""
    groups = np.arange(n // size)
    u = rng.random(len(groups))
    won, lost = u < (discordant + gain) / 2, u > 1 - (discordant - gain) / 2
    live, candidate = (rows.repeat(size).astype(np.float64) for rows in (~won, ~lost))
    return Pair(live, candidate, [str(one) for one in groups.repeat(size)], ["a"] * len(live))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_bounds_hold_the_difference_and_turn_with_the_models(won: int, lost: int, same: int) -> None:
    there, back = difference(_pair(won, lost, same)), difference(_pair(lost, won, same))
    value, low, high = there
    assert -1 <= low <= value <= high <= 1
    assert (back[0], back[1], back[2]) == pytest.approx((-value, -high, -low), abs=1e-9)


@given(NUMBERS, NUMBERS, st.integers(1, 40))
def test_one_more_win_never_lowers_the_bound(won: int, lost: int, same: int) -> None:
    assert difference(_pair(won + 1, lost, same - 1))[1] >= difference(_pair(won, lost, same))[1] - 1e-9


@given(NUMBERS, NUMBERS, NUMBERS)
def test_mcnemar_turns_with_the_models_and_is_never_zero(won: int, lost: int, same: int) -> None:
    there, back = mcnemar(_pair(won, lost, same)), mcnemar(_pair(lost, won, same))
    assert there == (won, lost, back[3], back[2])
    assert 0 < there[2] <= 1
    assert there[2] + there[3] >= 1 - 1e-9


@pytest.mark.parametrize(("won", "lost", "same"), [(5, 2, 93), (1, 0, 43), (0, 3, 60), (30, 40, 30)])
def test_at_the_bound_the_likeliest_model_lies_just_so_many_standard_errors_off(won: int, lost: int, same: int) -> None:
    low, n = difference(_pair(won, lost, same))[1], won + lost + same

    def unlikelihood(worse: float) -> float:  # where the candidate is better by `low` in truth
        better = worse + low
        return float(-won * np.log(better) - lost * np.log(worse) - same * np.log(1 - worse - better))

    span = max(0.0, -low) + 1e-12, (1 - low) / 2 - 1e-12
    worse = minimize_scalar(unlikelihood, bounds=span, method="bounded", options={"xatol": 1e-12}).x
    error = np.sqrt(n * (2 * worse + low - low**2))
    assert (won - lost - n * low) / error == pytest.approx(1.645, abs=0.01)


@settings(max_examples=20)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(2, 5))
def test_copies_of_every_picture_prove_nothing_more(won: int, lost: int, copies: int) -> None:
    once = difference(_pair(won, lost, 40))
    rows = _pair(won, lost, 40)
    again = Pair(
        rows.live.repeat(copies),
        rows.candidate.repeat(copies),
        [group for group in rows.groups for _ in range(copies)],
        ["a"] * (len(rows) * copies),
    )
    assert difference(again) == pytest.approx(once, abs=1e-6)
    assert mcnemar(again) == mcnemar(rows)


@pytest.mark.parametrize("gain", [-0.03, 0.0, 0.05])
@pytest.mark.parametrize(("n", "size"), [(100, 1), (300, 1), (300, 3)])
def test_the_lower_bound_is_broken_in_about_five_runs_of_a_hundred(n: int, size: int, gain: float) -> None:
    rng = np.random.default_rng(7)
    pairs = [_drawn(rng, n, gain=gain, discordant=0.12, size=size) for _ in range(RUNS)]
    broken = np.mean([difference(pair)[1] > gain for pair in pairs])
    assert 0.01 <= broken <= 0.085  # 0.05 and three standard errors


@pytest.mark.parametrize("discordant", [0.05, 0.3])
def test_an_equal_model_is_called_better_in_at_most_five_runs_of_a_hundred(discordant: float) -> None:
    rng = np.random.default_rng(8)
    pairs = [_drawn(rng, 200, gain=0.0, discordant=discordant) for _ in range(RUNS)]
    assert np.mean([mcnemar(pair)[2] < 0.05 for pair in pairs]) <= 0.085
    assert np.mean([superior(pair)[0] > 0 for pair in pairs]) <= 0.085


def test_the_bound_of_dice_is_broken_in_about_five_runs_of_a_hundred() -> None:
    rng = np.random.default_rng(9)
    broken = 0
    for _ in range(RUNS):
        shared, own = rng.normal(0.01, 0.1, 40).repeat(2), rng.normal(0, 0.02, 80)
        pair = Pair(np.zeros(80), shared + own, [str(n // 2) for n in range(80)], ["a"] * 80, dice=True)
        broken += difference(pair)[1] > 0.01
    assert 0.01 <= broken / RUNS <= 0.085


def test_masks_that_never_differ_still_leave_a_doubt() -> None:
    same = np.full(50, 0.8)
    value, low, high = difference(Pair(same, same, [str(n) for n in range(50)], ["a"] * 50, dice=True))
    assert value == 0
    assert low < 0 < high


def test_no_pictures_tell_nothing() -> None:
    assert difference(_pair(0, 0, 0)) == (0.0, -1.0, 1.0)
    assert mcnemar(_pair(0, 0, 0)) == (0, 0, 1.0, 1.0)


def test_a_rare_class_weighs_as_much_as_a_common_one() -> None:
    live, candidate = np.ones(200), np.ones(200)
    live[:10], candidate[10:25] = 0, 0  # all ten of the rare class are won, fifteen of the common one lost
    pair = Pair(live, candidate, [str(n) for n in range(200)], ["rare"] * 10 + ["common"] * 190)
    assert difference(pair)[0] < 0
    assert superior(pair)[0] > 0


def test_a_few_lucky_pictures_are_no_proof() -> None:
    assert superior(_pair(FEWEST - 1, 0, 0)) == (-1.0, 1.0)
    assert superior(_pair(FEWEST, 0, 0))[0] == 1.0


def test_a_part_keeps_what_belongs_together() -> None:
    whole = _pair(4, 3, 9, classes=2)
    odd = part(whole, np.array([name == "1" for name in whole.targets]))
    assert (len(odd), set(odd.targets), odd.groups[0]) == (8, {"1"}, "1")


def test_the_missing_number_falls_with_the_gain_and_brings_the_promised_power() -> None:
    small, large = _pair(6, 4, 90), _pair(14, 4, 82)
    counts = [more(pair, margin=0.0, value=difference(pair)[0]) for pair in (small, large)]
    assert counts[0] is not None
    assert counts[1] is not None
    assert counts[0] > counts[1]
    rng = np.random.default_rng(10)
    again = [_drawn(rng, 100 + counts[1], gain=0.10, discordant=0.18) for _ in range(RUNS)]
    assert 0.7 <= np.mean([difference(pair)[1] > 0 for pair in again]) <= 0.95


def test_no_number_of_labels_shows_a_model_to_be_better_that_is_not() -> None:
    assert more(_pair(3, 3, 94), margin=0.0, value=0.0) is None


def test_calibration_errors_are_those_of_the_usual_measure_and_their_bound_is_honest() -> None:
    rng = np.random.default_rng(11)
    false_alarms = 0
    for _ in range(100):
        claimed = rng.uniform(0.5, 1, 300), rng.uniform(0.5, 1, 300)
        live, candidate = ((rng.random(300) < one).astype(np.float64) for one in claimed)
        pair = Pair(live, candidate, [str(n) for n in range(300)], ["a"] * 300)
        before, _, low = calibration_errors(pair, claimed)
        false_alarms += low > 0
    usual = calibration.ece(np.stack([claimed[0], 1 - claimed[0]], 1), np.where(live == 1, 0, 1))
    assert before == pytest.approx(usual)
    assert false_alarms <= 12


def test_a_model_that_is_too_sure_of_itself_is_found_out() -> None:
    right = (np.arange(300) % 5 > 0).astype(np.float64)
    pair = Pair(right, right, [str(n) for n in range(300)], ["a"] * 300)
    before, after, low = calibration_errors(pair, (np.full(300, 0.8), np.full(300, 0.99)))
    assert before == pytest.approx(0.0, abs=1e-9)
    assert after == pytest.approx(0.19)
    assert low > 0.1


def test_a_number_that_nobody_could_label_is_no_advice() -> None:
    assert more(_pair(30, 31, 1000), margin=0.0011, value=-0.001) is None
