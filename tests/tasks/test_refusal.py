"""Why an answer is not shown, and what is said then."""

from __future__ import annotations

import pytest

from sightloop.core.entities import UNKNOWN, Answer
from sightloop.store.answers import REFUSED
from sightloop.tasks.classify import verdict
from sightloop.tasks.refusal import FAULTS, REFUSALS, advice
from sightloop.vision.quality import ISSUES


def answer(*, off_domain: float | None = None, route: str = "single") -> Answer:
    return Answer("v", 1, ("cataract", "normal"), (0.95, 0.05), None, off_domain, route, 0.01, 0, None)


@pytest.mark.parametrize(
    ("given", "faults", "reason"),
    [
        (answer(), (), None),
        (answer(off_domain=0.98), (), None),
        (answer(off_domain=0.995), (), "off_domain"),
        (answer(), ("blurry",), "retake"),
        (answer(route="human"), (), "human"),
        (answer(off_domain=0.995, route="human"), (), "off_domain"),
        (answer(off_domain=0.995), ("dark",), "retake"),
        (answer(off_domain=0.9995), ("dark",), "off_domain"),
        (answer(route="human"), ("dark",), "retake"),
    ],
)
def test_a_bad_photo_is_to_be_taken_again_unless_it_plainly_shows_another_thing(
    given: Answer, faults: tuple[str, ...], reason: str | None
) -> None:
    found = verdict(given, floor=0.5, reject_rate=0.01, faults=faults)
    assert (found.reason, found.shown) == (reason, UNKNOWN if reason else "cataract")
    assert found.predicted == "cataract"


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_refusal_says_what_to_do(reason: str) -> None:
    assert advice(reason, classes=("cataract", "normal"), faults=("blurry",))


@pytest.mark.parametrize("reason", [None, "low_confidence"])
def test_what_is_not_refused_needs_no_advice(reason: str | None) -> None:
    assert advice(reason, classes=("cataract",), faults=()) is None


def test_advice_names_a_few_classes_and_counts_many() -> None:
    assert "cataract, normal?" in str(advice("off_domain", classes=("cataract", "normal"), faults=()))
    assert "its 10 classes" in str(advice("off_domain", classes=tuple("abcdefghij"), faults=()))


def test_what_another_photo_can_mend_is_a_known_issue() -> None:
    assert set(FAULTS) <= set(ISSUES)


def test_the_store_lets_no_floor_show_what_a_task_refuses() -> None:
    assert set(REFUSED) == set(REFUSALS)
