"""The review queue: what is worth a look, in an order that can be had again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Rejected
from sightloop.flows import correct, feedback, likeness, reviewing, trash, wanting
from sightloop.flows.access import OPERATOR
from sightloop.flows.reviewing import By, Review
from sightloop.flows.services import Services
from tests import tiny_masks

Picture = Callable[..., bytes]
Kept = Callable[..., Image]
ORDERS: tuple[By, ...] = ("uncertain", "unusual", "diverse")


@pytest.fixture
def pictures(project: Project, model: Callable[..., int], picture: Picture, kept: Kept) -> list[Image]:
    """Four red pictures and a blue one, answered."""
    model(project)
    return [kept(picture("red", seed=seed)) for seed in range(4)] + [kept(picture("blue"))]


def ask(services: Services, by: By = "uncertain", *, limit: int = 60, seed: int = 0) -> Review:
    return reviewing.review(services, user=OPERATOR, project="paint", by=by, limit=limit, seed=seed)


def ids(found: Review) -> list[str]:
    return [one.image.id for one in found.items]


@pytest.mark.parametrize("by", ORDERS)
def test_the_order_is_the_same_again_and_every_waiting_picture_is_in_it_once(
    services: Services, pictures: list[Image], by: By
) -> None:
    found = ask(services, by)
    assert ids(found) == ids(ask(services, by))
    assert sorted(ids(found)) == sorted(one.id for one in pictures)
    assert ids(ask(services, by, limit=2)) == ids(found)[:2]
    assert all(one.why for one in found.items)


def test_the_least_sure_comes_first(services: Services, pictures: list[Image]) -> None:
    confidences = [one.image.confidence for one in ask(services).items]
    assert confidences == sorted(confidences, key=lambda value: value or 0.0)


def test_the_one_that_looks_like_no_other_is_the_most_unusual(services: Services, pictures: list[Image]) -> None:
    assert ids(ask(services, "unusual"))[0] == pictures[-1].id


def test_after_a_red_one_is_verified_the_blue_one_is_the_most_different(
    services: Services, pictures: list[Image]
) -> None:
    correct.verify(services, user=OPERATOR, image_id=pictures[0].id)
    assert ids(ask(services, "diverse"))[0] == pictures[-1].id


@pytest.mark.parametrize("by", ORDERS)
def test_verified_and_trashed_pictures_are_not_in_the_queue(services: Services, pictures: list[Image], by: By) -> None:
    correct.verify(services, user=OPERATOR, image_id=pictures[0].id)
    trash.discard(services, user=OPERATOR, image_id=pictures[1].id)
    found = ask(services, by)
    assert sorted(ids(found)) == sorted(one.id for one in pictures[2:])
    assert (found.total, found.verified, found.remaining) == (4, 1, 3)


@pytest.mark.parametrize("by", ORDERS)
def test_a_doubted_picture_comes_first_and_only_once(services: Services, pictures: list[Image], by: By) -> None:
    last = ids(ask(services, by))[-1]
    feedback.feedback(services, user=OPERATOR, image_id=last, satisfied=False)
    found = ask(services, by)
    assert ids(found)[0] == last
    assert found.items[0].why == reviewing.DOUBTED
    assert len(set(ids(found))) == len(found.items) == 5
    assert ids(ask(services, by, limit=1)) == [last]


def test_without_a_model_the_queue_is_the_same_for_the_same_seed_and_not_for_another(
    services: Services, project: Project, picture: Picture, kept: Kept
) -> None:
    for seed in range(8):
        kept(picture("red", seed=seed))
    assert ids(ask(services, seed=1)) == ids(ask(services, seed=1)) != ids(ask(services, seed=2))
    assert {one.why for one in ask(services).items} == {"no model has answered it yet"}
    assert [ask(services, by).reason for by in ORDERS[1:]] == [likeness.NO_MODEL] * 2


def test_an_empty_queue_says_why(services: Services, project: Project, picture: Picture, kept: Kept) -> None:
    assert ask(services).reason == reviewing.NO_PICTURES
    image = kept(picture())
    correct.correct(services, user=OPERATOR, image_id=image.id, value="red")
    assert ask(services).reason == reviewing.NOTHING_LEFT


def test_the_only_picture_is_not_unusual(
    services: Services, project: Project, model: Callable[..., int], picture: Picture, kept: Kept
) -> None:
    model(project)
    kept(picture())
    assert (ask(services, "unusual").items, ask(services, "unusual").reason) == ([], reviewing.ALONE)


def test_a_limit_that_does_not_fit_is_refused(services: Services, project: Project) -> None:
    with pytest.raises(Rejected, match="501"):
        ask(services, limit=501)


def test_the_masks_that_the_model_trusts_least_come_first(services: Services, tmp_path: Path) -> None:
    tiny_masks.project(services, name="paint")
    tiny_masks.adopt(services, tmp_path, name="paint", sharpness=1)
    for seed in range(4):
        tiny_masks.upload(services, seed, name="paint")
    found = ask(services)
    certain = [one.image.certainty or 0 for one in found.items]
    assert certain == sorted(certain)
    assert f"expects {certain[0]:.2f} of 1" in found.items[0].why


def test_masks_that_disagree_most_come_first_and_what_agrees_not_at_all(services: Services, tmp_path: Path) -> None:
    tiny_masks.project(services, name="paint")
    tiny_masks.adopt(services, tmp_path, name="paint")
    images = [tiny_masks.upload(services, seed, name="paint") for seed in range(4)]
    for image in images[:3]:
        mask = tiny_masks.draw(images.index(image))[1]
        mask[: 12 * images.index(image)] = 0
        correct.redraw(services, user=OPERATOR, image_id=image.id, mask=mask)
    found = ask(services, "disagreement")
    scores = [one.score for one in found.items]
    assert scores == sorted(scores, reverse=True)
    assert set(ids(found)) <= {one.id for one in images[1:3]}
    assert found.items[0].image.agreement == 1 - scores[0]
    assert "overlap by" in found.items[0].why
    feedback.feedback(services, user=OPERATOR, image_id=ids(found)[0], satisfied=False)
    assert sorted(ids(ask(services, "disagreement"))) == sorted(ids(found))


def test_a_project_of_classes_has_no_masks_that_disagree(services: Services, pictures: list[Image]) -> None:
    assert ask(services, "disagreement").reason == reviewing.NO_MASKS


def test_the_wanted_order_has_open_questions_alone_mixed_and_the_same_again(
    services: Services, project: Project, pictures: list[Image], kept: Kept, picture: Picture
) -> None:
    pictures += [kept(picture("green", seed=seed)) for seed in range(8)]
    names = [one.id for one in pictures]
    random, shifted = names[:6], names[6:12]
    with services.db.begin() as db:
        wanting.ask(db, project, report_id=None, random=random, shifted=shifted)
    correct.verify(services, user=OPERATOR, image_id=names[0])
    trash.discard(services, user=OPERATOR, image_id=names[6])
    found = ask(services, "wanted")
    assert sorted(ids(found)) == sorted([*random[1:], *shifted[1:]])
    assert {one.image.id: one.why for one in found.items} == {
        **dict.fromkeys(random[1:], "asked for, drawn at random"),
        **dict.fromkeys(shifted[1:], "asked for, because it is unlike what was learnt from"),
    }
    assert ids(ask(services, "wanted")) == ids(found)
    assert ids(ask(services, "wanted", limit=3)) == ids(found)[:3]
    orders = [[one in random for one in ids(ask(services, "wanted", seed=seed))] for seed in range(5)]
    assert any(order not in (sorted(order), sorted(order, reverse=True)) for order in orders)


def test_where_nothing_is_asked_for_the_wanted_order_says_so(services: Services, pictures: list[Image]) -> None:
    found = ask(services, "wanted")
    assert (found.items, found.reason) == ([], "No label is asked for at the moment.")
