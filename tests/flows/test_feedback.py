"""One click says whether what is shown is right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows import correct, feedback, library, reviewing
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services


@pytest.fixture
def image(
    project: Project, model: Callable[..., int], picture: Callable[..., bytes], kept: Callable[..., Image]
) -> Image:
    model(project)
    return kept(picture("red"))


def say(services: Services, image: Image, satisfied: bool, revision: int | None = None) -> Image:
    return feedback.feedback(services, user=OPERATOR, image_id=image.id, satisfied=satisfied, revision=revision)


def doubted(services: Services) -> list[str]:
    found = reviewing.review(services, user=OPERATOR, project="paint")
    return [one.image.id for one in found.items if one.why == reviewing.DOUBTED]


def test_satisfied_verifies_what_is_shown_and_again_changes_nothing(services: Services, image: Image) -> None:
    after = say(services, image, True)
    assert (after.label, after.verified) == ("red", True)
    assert say(services, image, True) == after


def test_not_satisfied_comes_first_in_review_until_somebody_labels_it(services: Services, image: Image) -> None:
    assert say(services, image, False).label is None
    assert doubted(services) == [image.id]
    correct.correct(services, user=OPERATOR, image_id=image.id, value="blue")
    assert doubted(services) == []


def test_a_doubt_is_told_once_in_the_history(services: Services, image: Image) -> None:
    assert say(services, image, False) == say(services, image, False)
    told = [one["kind"] for one in library.history(services, user=OPERATOR, image_id=image.id)]
    assert told.count("doubt") == 1


def test_a_verified_picture_can_be_doubted_and_be_verified_again(services: Services, image: Image) -> None:
    say(services, image, True)
    say(services, image, False)
    assert doubted(services) == [image.id]
    assert say(services, image, True).verified
    assert doubted(services) == []


def test_nobody_can_be_satisfied_with_no_answer(
    services: Services, project: Project, picture: Callable[..., bytes], kept: Callable[..., Image]
) -> None:
    with pytest.raises(Rejected, match="no answer"):
        say(services, kept(picture()), True)


def test_satisfaction_with_something_that_changed_meanwhile_is_refused(services: Services, image: Image) -> None:
    correct.correct(services, user=OPERATOR, image_id=image.id, value="blue")
    correct.correct(services, user=OPERATOR, image_id=image.id, value=None)
    with pytest.raises(Conflict):
        say(services, image, True, image.revision)
