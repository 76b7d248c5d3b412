"""Pictures in order of likeness, within the same filters as the library."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import correct, likeness, projects, ranking, trash
from sightloop.flows.access import OPERATOR
from sightloop.flows.ranking import By, Ranking
from sightloop.flows.services import Services
from sightloop.store.images import Filters

Picture = Callable[..., bytes]
Kept = Callable[..., Image]


@pytest.fixture
def pictures(project: Project, model: Callable[..., int], picture: Picture, kept: Kept) -> list[Image]:
    """Four red pictures, then four blue ones, answered."""
    model(project)
    return [kept(picture(colour, seed=seed)) for colour in ("red", "blue") for seed in range(4)]


def ask(services: Services, by: By, *, to: str | None = None, limit: int = 300, **chosen: str) -> Ranking:
    filters = Filters(**chosen)  # type: ignore[arg-type]
    return ranking.ranked(services, user=OPERATOR, project="paint", by=by, to=to, filters=filters, limit=limit)


def ids(found: Ranking) -> list[str]:
    return [one.image.id for one in found.items]


def test_the_picture_itself_comes_first_then_those_like_it(services: Services, pictures: list[Image]) -> None:
    found = ask(services, "similar", to=pictures[5].id)
    assert ids(found)[0] == pictures[5].id
    assert set(ids(found)[:4]) == {one.id for one in pictures[4:]}
    assert [one.score for one in found.items] == sorted((one.score for one in found.items), reverse=True)


def test_only_what_matches_the_filter_is_listed(services: Services, pictures: list[Image]) -> None:
    found = ask(services, "similar", to=pictures[0].id, tab="blue")
    assert set(ids(found)) == {one.id for one in pictures[4:]}
    assert set(ids(ask(services, "odd", tab="blue"))) == {one.id for one in pictures[4:]}


def test_a_wrong_label_is_the_odd_one_out_and_its_true_class_is_named(
    services: Services, pictures: list[Image]
) -> None:
    correct.correct(services, user=OPERATOR, image_id=pictures[2].id, value="blue")
    found = ask(services, "odd")
    assert (found.items[0].image.id, found.items[0].looks_like) == (pictures[2].id, "red")
    assert found.items[0].score > 0 > found.items[1].score
    assert ids(ask(services, "odd", limit=1, tab="blue")) == [pictures[2].id]


def test_trashed_pictures_are_in_no_ranking(services: Services, pictures: list[Image]) -> None:
    ask(services, "odd")
    trash.discard(services, user=OPERATOR, image_id=pictures[0].id)
    assert pictures[0].id not in ids(ask(services, "odd"))
    assert pictures[0].id not in ids(ask(services, "similar", to=pictures[1].id))


def test_pictures_shown_as_unknown_or_alone_in_a_class_are_not_odd(services: Services, pictures: list[Image]) -> None:
    correct.correct(services, user=OPERATOR, image_id=pictures[0].id, value="unknown")
    correct.correct(services, user=OPERATOR, image_id=pictures[1].id, value="green")
    assert not {pictures[0].id, pictures[1].id} & set(ids(ask(services, "odd")))
    assert ask(services, "odd", tab="green").reason == ranking.NO_CLASS


def test_what_cannot_be_compared_says_why(
    services: Services, project: Project, picture: Picture, kept: Kept, model: Callable[..., int]
) -> None:
    image = kept(picture())
    assert ask(services, "odd").reason == ask(services, "similar", to=image.id).reason == likeness.NO_MODEL
    model(project)
    assert ask(services, "odd").reason == ask(services, "similar", to=image.id).reason == likeness.NO_ANSWERS
    kept(picture("blue"))
    assert ask(services, "similar", to=image.id).reason == ranking.UNANSWERED


def test_a_picture_of_another_project_is_missing_and_none_is_refused(services: Services, pictures: list[Image]) -> None:
    projects.create(services, user=OPERATOR, name="other", classes=("red",))
    with pytest.raises(Missing):
        ranking.ranked(services, user=OPERATOR, project="other", by="similar", to=pictures[0].id, filters=Filters())
    with pytest.raises(Rejected, match="no picture to compare"):
        ask(services, "similar")
    with pytest.raises(Rejected, match="limit 0"):
        ask(services, "odd", limit=0)
