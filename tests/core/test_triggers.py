"""When a project learns again by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightloop.core import triggers
from sightloop.core.triggers import DAY, MONTH, Hold, Rule, Spent

TEST = {"value": 0.95, "low": 0.92, "high": 0.98}
RULES = st.lists(
    st.builds(
        Rule, st.text(), st.booleans(), st.integers(0, 999), st.integers(1, 999), st.text(min_size=1), st.booleans()
    )
)
HOLDS = st.lists(st.builds(Hold, st.text(), st.text(min_size=1)))


@given(RULES, HOLDS)
def test_it_starts_exactly_where_a_rule_that_starts_is_met_and_nothing_holds(
    rules: list[Rule], holds: list[Hold]
) -> None:
    found = triggers.decide(rules, holds)
    met = [rule for rule in rules if rule.met and rule.starts]
    assert found.would == (bool(met) and not holds)
    assert found.rule == (met[0].name if met else None)
    assert found.sentence
    assert len(found.missing) == sum(not rule.met for rule in rules)


@given(
    st.lists(st.builds(Spent, st.floats(0, 1e7), st.floats(0, 1e5)), max_size=20),
    st.floats(0.01, 100),
    st.floats(0, 1e7),
)
def test_a_budget_that_is_used_up_is_free_again_when_it_says_so(spent: list[Spent], hours: float, now: float) -> None:
    found = triggers.budget(spent, hours=hours, now=now)
    assert (found is None) == (triggers.used(spent, now=now) < hours)
    if found is not None:
        assert found.until is not None
        assert now < found.until <= max(one.ended_at for one in spent) + MONTH
        assert triggers.budget(spent, hours=hours, now=found.until) is None
        assert triggers.budget(spent, hours=hours, now=found.until - 1) is not None or found.until - 1 < now


def test_a_budget_of_nothing_is_never_free() -> None:
    found = triggers.budget([], hours=0, now=1.0)
    assert found is not None
    assert found.until is None


@given(st.floats(0, 1e6), st.floats(0, 365), st.floats(0, 1e8))
def test_the_cool_down_ends_when_it_says(ended_at: float, days: float, later: float) -> None:
    found = triggers.cooling(ended_at, days=days, now=ended_at + later)
    if found is not None:
        assert found.until is not None
        assert triggers.cooling(ended_at, days=days, now=found.until) is None
        assert later < days * DAY
    assert triggers.cooling(None, days=days, now=later) is None


def live(value: float, half: float) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


@pytest.mark.parametrize(
    ("found", "n", "met"),
    [
        (live(0.80, 0.10), 30, True),
        (live(0.80, 0.10), 29, False),
        (live(0.80, 0.13), 30, False),  # it may be 0.93
        (live(0.99, 0.01), 500, False),
        (None, 0, False),
    ],
)
def test_only_a_sample_whose_upper_bound_is_below_the_tests_lower_one_shows_that_it_got_worse(
    found: Any, n: int, met: bool
) -> None:
    assert triggers.performance(found, TEST, n=n, number=3).met is met


def test_a_version_that_nobody_measured_is_never_told_to_be_worse() -> None:
    found = triggers.performance(live(0.1, 0.05), None, n=500, number=3)
    assert not found.met
    assert "version 3" in found.sentence


def test_what_is_missing_is_a_rule_its_number_and_the_gap() -> None:
    found = triggers.enough("corrections", 150, wanted=200, what="corrections", since="since version 3 learnt")
    assert found.sentence == "150 of 200 corrections since version 3 learnt: 50 more are wanted."
    assert triggers.decide([found], []).sentence == f"No rule asks for a training. Nearest: {found.sentence}"


def test_a_rule_that_is_only_for_the_button_starts_nothing() -> None:
    found = triggers.enough("labels", 60, wanted=50, what="new labels", since="since version 3 learnt", starts=False)
    assert found.met
    assert found.sentence.endswith("enough for the button.")
    assert not triggers.decide([found], []).would


def test_what_forbids_a_count_is_said_instead_of_it() -> None:
    found = triggers.enough("covariate", 80, wanted=50, what="labels", since="", forbidden="No alarm.")
    assert (found.met, found.sentence) == (False, "No alarm.")


@pytest.mark.parametrize(("state", "least"), [("done", 10), ("cancelled", 10), ("failed", 1)])
def test_the_same_labels_are_not_learnt_twice(state: Any, least: int) -> None:
    assert triggers.tried(state, new=least - 1, wanted=10) is not None
    assert triggers.tried(state, new=least, wanted=10) is None


def test_a_challenger_holds_until_a_label_that_judges_came() -> None:
    found = triggers.challenged(number=4, needed=100, new=0)
    assert found is not None
    assert "about 100 more labels" in found.sentence
    assert triggers.challenged(number=4, needed=100, new=1) is None
