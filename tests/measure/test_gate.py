"""Tests of the gate: each rule, each verdict, and what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sightloop.core.entities import Json
from sightloop.measure import gate
from sightloop.measure.gate import Costs
from sightloop.measure.pairs import Pair

COSTS = Costs(live_ms=10, candidate_ms=30, live_bytes=1e6, candidate_bytes=1e6)


def pair(won: int, lost: int, same: int, *, classes: int = 2) -> Pair:
    live, candidate = (np.repeat(rows, [won, lost, same]).astype(float) for rows in ([0, 1, 1], [1, 0, 1]))
    n = won + lost + same
    return Pair(live, candidate, [str(row) for row in range(n)], [str(row % classes) for row in range(n)])


def rule(found: Json, name: str) -> Json:
    [one] = [one for one in found["rules"] if one["name"] == name]
    return dict(one)


def test_a_better_model_is_promoted_and_the_sentence_says_by_how_much() -> None:
    found = gate.judge(pair(40, 10, 450))
    assert (found["verdict"], found["needed"]) == ("promote", None)
    assert found["sentence"].startswith("Not worse than the live model: +6.0 points on 500 frozen pictures")
    assert "Better in the mean over classes" in found["sentence"]


def test_an_equal_model_is_undecided_and_is_asked_for_recent_labels() -> None:
    found = gate.judge(pair(10, 10, 980))
    assert (found["verdict"], found["needed"]) == ("undecided", 100)
    assert rule(found, "frozen")["passed"] is True
    assert (
        "0 recent pictures are labelled and 100 are needed to see whether it is better: 100 more" in found["sentence"]
    )


def test_a_worse_model_is_refused_with_its_p() -> None:
    found = gate.judge(pair(5, 60, 935))
    assert (found["verdict"], found["needed"]) == ("refuse", None)
    assert "Worse than the live model: -5.5 points on 1,000 frozen pictures" in found["sentence"]


def test_too_few_pictures_leave_it_open_and_say_how_many_more_would_tell() -> None:
    found = gate.judge(pair(2, 2, 46))
    frozen = rule(found, "frozen")
    assert (found["verdict"], frozen["passed"]) == ("undecided", None)
    assert "cannot be told whether it loses more than 3.0 points" in frozen["sentence"]
    assert f"about {frozen['needed']:,} more labels would tell" in frozen["sentence"]
    assert found["needed"] == max(frozen["needed"], 100)


def test_no_pictures_are_undecided_and_100_are_wanted() -> None:
    found = gate.judge(pair(0, 0, 0))
    assert (found["verdict"], found["needed"]) == ("undecided", 100)
    assert "100 are wanted" in found["sentence"]


def test_recent_pictures_show_a_model_better_that_is_equal_on_the_frozen_ones() -> None:
    found = gate.judge(pair(10, 10, 980), pair(20, 4, 96))
    assert found["verdict"] == "promote"
    assert "Better: +13.3 points on 120 recent pictures, 20 won and 4 lost, p = 0.0" in found["sentence"]


def test_recent_pictures_on_which_it_is_worse_refuse_it() -> None:
    found = gate.judge(pair(40, 10, 950), pair(2, 20, 98))
    assert found["verdict"] == "refuse"
    assert found["sentence"].startswith("Worse of late: -15.0 points on 120 recent pictures")


def test_fewer_than_100_recent_pictures_are_not_listened_to() -> None:
    found = gate.judge(pair(10, 10, 980), pair(20, 0, 70))
    assert (found["verdict"], found["needed"]) == ("undecided", 10)


def test_enough_recent_pictures_that_show_nothing_say_how_many_more_would() -> None:
    found = gate.judge(pair(10, 10, 980), pair(7, 5, 108))
    assert "It is not shown to be better: +1.7 points on 120 recent pictures" in found["sentence"]
    assert f"about {found['needed']:,} more labels would tell" in found["sentence"]


def test_one_class_that_is_significantly_worse_blocks_a_better_model() -> None:
    live, candidate = np.ones(600), np.ones(600)
    live[:60], candidate[500:530] = 0, 0
    targets = ["fern"] * 500 + ["moss"] * 100
    found = gate.judge(Pair(live, candidate, [str(n) for n in range(600)], targets))
    assert found["verdict"] == "refuse"
    assert "Worse at moss (-30.0 points on 100, p = " in found["sentence"]


def test_a_class_that_merely_looks_worse_is_told_and_blocks_nothing() -> None:
    live, candidate = np.ones(600), np.ones(600)
    live[:60], candidate[560:564] = 0, 0
    targets = ["fern"] * 560 + ["moss"] * 40
    found = gate.judge(Pair(live, candidate, [str(n) for n in range(600)], targets))
    assert rule(found, "classes")["passed"] is True
    assert "It looks worse at moss (-10.0 points on 40), which may be chance" in rule(found, "classes")["sentence"]


def test_a_class_that_loses_two_of_a_hundred_does_not_block() -> None:
    live, candidate = np.ones(600), np.ones(600)
    live[:60], candidate[598:] = 0, 0
    found = gate.judge(Pair(live, candidate, [str(n) for n in range(600)], ["fern"] * 500 + ["moss"] * 100))
    assert rule(found, "classes") | {"figures": {}} == {
        "name": "classes",
        "passed": True,
        "sentence": "No class has become significantly worse.",
        "figures": {},
        "needed": None,
    }


@pytest.mark.parametrize(("n", "passed"), [(500, False), (20, True)])
def test_worse_calibration_blocks_where_it_is_no_chance(n: int, passed: bool) -> None:
    found = gate.judge(pair(n // 10, 0, n - n // 10), claimed=(np.full(n, 0.9), np.full(n, 0.9)))
    said = rule(found, "calibration")
    assert (said["passed"], said["figures"]["candidate"]) == (passed, pytest.approx(0.1))
    assert ("Calibrated worse" in said["sentence"]) is not passed


@pytest.mark.parametrize(("better", "passed"), [(True, True), (False, False)])
def test_a_dearer_model_has_to_be_better(better: bool, passed: bool) -> None:
    found = gate.judge(pair(40, 10, 450) if better else pair(10, 10, 480), costs=COSTS)
    assert rule(found, "cost")["passed"] is passed
    assert "30 ms against 10 ms an answer" in rule(found, "cost")["sentence"]
    assert found["verdict"] == ("promote" if passed else "refuse")


@pytest.mark.parametrize(("n", "margin"), [(1499, 0.03), (1500, 0.01)])
def test_the_margin_narrows_with_the_pictures(n: int, margin: float) -> None:
    assert gate.judge(pair(0, 0, n))["margin"] == margin


def test_a_margin_of_ones_own_is_kept_to() -> None:
    wide, narrow = (gate.judge(pair(10, 16, 974), margin=margin) for margin in (0.05, 0.005))
    assert [rule(found, "frozen")["passed"] for found in (wide, narrow)] == [True, None]


def test_masks_are_judged_by_dice_and_a_hundredth() -> None:
    rng = np.random.default_rng(3)
    live = rng.uniform(0.6, 0.8, 200)
    same: dict[str, Any] = {"groups": [str(n) for n in range(200)], "targets": ["crack"] * 200, "dice": True}
    better = gate.judge(Pair(live, live + rng.normal(0.05, 0.05, 200), **same))
    worse = gate.judge(Pair(live, live - rng.normal(0.05, 0.05, 200), **same))
    assert (better["verdict"], worse["verdict"], better["margin"]) == ("promote", "refuse", 0.01)
    assert "Dice on 200 frozen pictures" in better["sentence"]


def test_false_alarms_on_empty_masks_block_a_model_that_draws_better() -> None:
    live, candidate = np.full(300, 0.6), np.full(300, 0.9)
    live[200:], candidate[200:] = 1.0, 1.0
    candidate[200:220] = 0.0  # something was found where nothing is
    targets = ["crack"] * 200 + ["nothing"] * 100
    found = gate.judge(Pair(live, candidate, [str(n) for n in range(300)], targets, dice=True))
    assert found["verdict"] == "refuse"
    assert "Worse at nothing" in found["sentence"]
