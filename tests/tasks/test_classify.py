"""Tests of verdicts and label checks; the first part holds for every task."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightloop.core.entities import UNKNOWN, Answer
from sightloop.core.errors import Rejected
from sightloop.core.recipes import RECIPES
from sightloop.tasks import TASKS
from sightloop.tasks.classify import check_label, verdict

PROBABILITIES = st.lists(st.floats(0.001, 1), min_size=1, max_size=8).map(lambda raw: tuple(p / sum(raw) for p in raw))


def _answer(*probabilities: float, off_domain: float | None = None) -> Answer:
    classes = tuple(f"class {index}" for index in range(len(probabilities)))
    return Answer("v", 1, classes, probabilities, None, off_domain, "accurate", 0.01, 0, None)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipe_names_a_task_there_is(recipe: object) -> None:
    assert getattr(recipe, "task", None) in TASKS


@pytest.mark.parametrize("task", TASKS)
def test_every_task_lets_a_human_say_unknown(task: str) -> None:
    TASKS[task].check_label(UNKNOWN, ("a",))


@given(PROBABILITIES, st.floats(0, 1))
def test_a_verdict_is_unknown_exactly_when_confidence_is_below_the_floor(
    probabilities: tuple[float, ...], floor: float
) -> None:
    found = verdict(_answer(*probabilities), floor=floor)
    assert (found.shown == UNKNOWN) == (found.confidence < floor)
    assert (found.reason is None) == (found.shown == found.predicted)


@given(PROBABILITIES, st.floats(0, 1))
def test_predicted_is_the_arg_max_whatever_the_floor(probabilities: tuple[float, ...], floor: float) -> None:
    found = verdict(_answer(*probabilities), floor=floor)
    assert found.confidence == max(probabilities)
    assert found.predicted == f"class {probabilities.index(max(probabilities))}"


def test_an_answer_off_the_domain_is_unknown_however_sure() -> None:
    found = verdict(_answer(0.99, 0.01, off_domain=0.995), floor=0.5, reject_rate=0.01)
    assert (found.shown, found.reason, found.predicted) == (UNKNOWN, "off_domain", "class 0")


@given(st.floats(0, 1))
def test_a_reject_rate_of_zero_never_refuses(off_domain: float) -> None:
    assert verdict(_answer(1.0, off_domain=off_domain), floor=0.5).reason is None


def test_an_answer_without_a_model_has_no_verdict() -> None:
    with pytest.raises(Rejected, match="without probabilities"):
        verdict(_answer(), floor=0.5)


def test_a_label_outside_the_classes_is_refused_with_the_classes() -> None:
    with pytest.raises(Rejected, match="'bird'") as caught:
        check_label("bird", ("cat", "dog"))
    assert caught.value.hint == "Use one of cat, dog, unknown."


def test_labels_are_compared_letter_by_letter() -> None:
    check_label("cat", ("cat",))
    with pytest.raises(Rejected):
        check_label("Cat", ("cat",))
