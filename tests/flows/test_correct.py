"""What people say of pictures is kept, shown and never lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows import correct, library
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.store.filtering import MAX_PAGE
from sightloop.store.images import Filters
from tests.flows.racing import overtaken
from tests.store import builders

Picture = Callable[..., bytes]
Kept = Callable[..., Image]


@pytest.fixture
def image(project: Project, model: Callable[..., int], picture: Picture, kept: Kept) -> Image:
    model(project)
    return kept(picture("red"))


def test_a_correction_is_shown_and_wears_the_star(services: Services, image: Image) -> None:
    after = correct.correct(services, user=OPERATOR, image_id=image.id, value="blue", revision=image.revision)
    assert (after.shown, after.label, after.corrected, after.verified) == ("blue", "blue", True, True)


def test_the_star_goes_when_the_model_s_word_is_restored(services: Services, image: Image) -> None:
    correct.correct(services, user=OPERATOR, image_id=image.id, value="blue")
    assert not correct.correct(services, user=OPERATOR, image_id=image.id, value="red").corrected
    taken_back = correct.correct(services, user=OPERATOR, image_id=image.id, value=None)
    assert (taken_back.label, taken_back.shown) == (None, "red")


def test_of_two_at_once_one_wins_and_the_other_learns_the_current_value(services: Services, image: Image) -> None:
    correct.correct(services, user=OPERATOR, image_id=image.id, value="blue", revision=image.revision)
    with pytest.raises(Conflict) as caught:
        correct.correct(services, user=OPERATOR, image_id=image.id, value="green", revision=image.revision)
    assert "blue" in str(caught.value.current)


def test_verifying_never_takes_back_what_somebody_said_meanwhile(services: Services, image: Image) -> None:
    after = overtaken(
        services,
        lambda: correct.verify(services, user=OPERATOR, image_id=image.id),
        by=lambda db: images.relabel(db, image, value="blue", action="correct", by=None),
    )
    assert (after.label, after.shown, after.verified) == ("blue", "blue", True)


def test_a_changed_picture_without_an_answer_is_a_conflict_rather_than_nothing_to_verify(
    services: Services, project: Project, picture: Picture, kept: Kept
) -> None:
    image = kept(picture("red"))
    correct.correct(services, user=OPERATOR, image_id=image.id, value="blue")
    correct.correct(services, user=OPERATOR, image_id=image.id, value=None)
    with pytest.raises(Conflict):
        correct.verify(services, user=OPERATOR, image_id=image.id, revision=image.revision)


def test_a_word_that_is_no_class_is_refused(services: Services, image: Image) -> None:
    with pytest.raises(Rejected, match="purple"):
        correct.correct(services, user=OPERATOR, image_id=image.id, value="purple")


def test_history_tells_who_said_what_in_order(services: Services, image: Image) -> None:
    correct.correct(services, user=OPERATOR, image_id=image.id, value="blue")
    correct.correct(services, user=OPERATOR, image_id=image.id, value="green")
    told = library.history(services, user=OPERATOR, image_id=image.id)
    assert [one["value"] for one in told if one.get("value")] == ["blue", "green"]
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)


def test_a_bulk_action_is_refused_when_the_count_is_not_what_was_confirmed(services: Services, image: Image) -> None:
    with pytest.raises(Conflict, match="1 images match, not 2"):
        correct.bulk(services, user=OPERATOR, project="paint", action="verify", filters=Filters(tab="red"), expected=2)


def test_a_bulk_relabel_says_what_it_was_before(services: Services, image: Image, picture: Picture, kept: Kept) -> None:
    other = kept(picture("green"))
    done = correct.bulk(
        services, user=OPERATOR, project="paint", action="label", image_ids=[image.id, other.id, "nobody"], value="blue"
    )
    assert (done["changed"], done["missing"]) == (2, 1)
    assert [one["label"] for one in done["undo"]] == [None, None]


def test_trash_and_restore_in_bulk_leave_the_label_alone(services: Services, image: Image) -> None:
    correct.correct(services, user=OPERATOR, image_id=image.id, value="blue")
    steps: tuple[tuple[correct.BulkAction, str], ...] = (("trash", "trash"), ("restore", "blue"))
    for action, tab in steps:
        correct.bulk(services, user=OPERATOR, project="paint", action=action, image_ids=[image.id])
        assert library.counts(services, user=OPERATOR, project="paint")[tab] == 1


def test_a_bulk_action_by_filter_reaches_beyond_a_page(services: Services, project: Project) -> None:
    many = MAX_PAGE + 1
    with services.db.begin() as db:
        for number in range(many):
            images.add(db, builders.image(project.id, number, label="red"))
    done = correct.bulk(
        services, user=OPERATOR, project="paint", action="label", value="blue", filters=Filters(), expected=many
    )
    assert (done["changed"], len(done["undo"])) == (many, many)
    assert library.counts(services, user=OPERATOR, project="paint")["blue"] == many
