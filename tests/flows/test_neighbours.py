"""The nearest pictures are those that look alike, never itself, never from the trash."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import likeness, neighbours, trash
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services

Picture = Callable[..., bytes]
Kept = Callable[..., Image]


@pytest.fixture
def reds(project: Project, model: Callable[..., int], picture: Picture, kept: Kept) -> list[Image]:
    """Three red pictures, and beside them a green and a blue one."""
    model(project)
    for colour in ("green", "blue"):
        kept(picture(colour))
    return [kept(picture("red", seed=seed), f"red {seed}.jpg") for seed in range(3)]


def near(services: Services, image: Image, limit: int = 12) -> list[str]:
    found = neighbours.neighbours(services, user=OPERATOR, image_id=image.id, limit=limit)
    assert [one.similarity for one in found.items] == sorted((one.similarity for one in found.items), reverse=True)
    return [one.image.id for one in found.items]


def test_pictures_of_the_same_colour_are_nearest(services: Services, reds: list[Image]) -> None:
    assert set(near(services, reds[0], limit=2)) == {reds[1].id, reds[2].id}
    assert len(near(services, reds[0])) == 4


def test_a_trashed_picture_is_no_neighbour_until_it_is_restored(services: Services, reds: list[Image]) -> None:
    assert reds[1].id in near(services, reds[0])
    trash.discard(services, user=OPERATOR, image_id=reds[1].id)
    assert reds[1].id not in near(services, reds[0])
    trash.restore(services, user=OPERATOR, image_id=reds[1].id)
    assert reds[1].id in near(services, reds[0])


def test_a_purged_picture_never_comes_back(services: Services, reds: list[Image]) -> None:
    near(services, reds[0])
    trash.discard(services, user=OPERATOR, image_id=reds[1].id)
    trash.purge(services, user=OPERATOR, image_id=reds[1].id)
    assert reds[1].id not in near(services, reds[0])


def test_a_new_picture_is_a_neighbour_at_once(
    services: Services, reds: list[Image], picture: Picture, kept: Kept
) -> None:
    near(services, reds[0])
    assert kept(picture("red", seed=9)).id in near(services, reds[0])


def test_without_a_model_the_reason_says_so(services: Services, project: Project, picture: Picture, kept: Kept) -> None:
    found = neighbours.neighbours(services, user=OPERATOR, image_id=kept(picture()).id)
    assert (found.items, found.reason) == ([], likeness.NO_MODEL)


def test_a_picture_that_the_live_model_has_not_answered_says_so(
    services: Services, project: Project, model: Callable[..., int], reds: list[Image]
) -> None:
    model(project)
    found = neighbours.neighbours(services, user=OPERATOR, image_id=reds[0].id)
    assert (found.items, found.reason) == ([], neighbours.UNANSWERED)


def test_the_only_picture_has_no_neighbours(
    services: Services, project: Project, model: Callable[..., int], picture: Picture, kept: Kept
) -> None:
    model(project)
    found = neighbours.neighbours(services, user=OPERATOR, image_id=kept(picture()).id)
    assert (found.items, found.reason) == ([], neighbours.ALONE)


def test_a_limit_that_does_not_fit_and_another_project_are_refused(services: Services, reds: list[Image]) -> None:
    with pytest.raises(Rejected, match="101"):
        neighbours.neighbours(services, user=OPERATOR, image_id=reds[0].id, limit=101)
    with pytest.raises(Missing, match="other"):
        neighbours.neighbours(services, user=OPERATOR, image_id=reds[0].id, project="other")
