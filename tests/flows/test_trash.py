"""Deleting has a way back, and then deletes everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import library, trash
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services

Picture = Callable[..., bytes]
Kept = Callable[..., Image]


def test_a_purged_picture_is_gone_everywhere(services: Services, picture: Picture, kept: Kept) -> None:
    image = kept(picture())
    trash.discard(services, user=OPERATOR, image_id=image.id)
    trash.purge(services, user=OPERATOR, image_id=image.id)
    files = [path for path in services.data.rglob("*") if path.is_file() and image.sha256 in path.name]
    assert files == []
    with pytest.raises(Missing):
        library.show(services, user=OPERATOR, image_id=image.id)


def test_only_what_is_in_the_trash_can_be_purged(services: Services, picture: Picture, kept: Kept) -> None:
    with pytest.raises(Rejected, match="not in the trash"):
        trash.purge(services, user=OPERATOR, image_id=kept(picture()).id)


def test_the_trash_is_emptied_after_its_days_and_not_before(services: Services, picture: Picture, kept: Kept) -> None:
    image = kept(picture())
    trash.discard(services, user=OPERATOR, image_id=image.id)
    assert trash.purge_expired(services) == 0
    later = replace(services, clock=lambda: services.clock() + 31 * trash.DAY)
    assert trash.purge_expired(later) == 1


def test_bytes_that_another_project_uses_survive_a_purge(
    services: Services, project: Project, picture: Picture, kept: Kept, incoming: Callable[..., object]
) -> None:
    from sightloop.flows import projects, upload

    image = kept(picture())
    projects.create(services, user=OPERATOR, name="other", classes=("red", "blue"))
    one = incoming(picture())
    assert isinstance(one, upload.Incoming)
    upload.keep(services, user=OPERATOR, project="other", incoming=[one])
    trash.discard(services, user=OPERATOR, image_id=image.id)
    trash.purge(services, user=OPERATOR, image_id=image.id)
    assert services.blobs.get(image.sha256) == picture()


def test_restoring_brings_a_picture_back_to_its_tab(services: Services, picture: Picture, kept: Kept) -> None:
    image = kept(picture())
    before = library.counts(services, user=OPERATOR, project="paint")
    trash.discard(services, user=OPERATOR, image_id=image.id)
    trash.restore(services, user=OPERATOR, image_id=image.id)
    assert library.counts(services, user=OPERATOR, project="paint") == before


def test_a_project_may_keep_its_trash_longer_or_shorter_than_others(
    services: Services, picture: Picture, kept: Kept
) -> None:
    from sightloop.flows import projects

    image = kept(picture())
    trash.discard(services, user=OPERATOR, image_id=image.id)
    later = replace(services, clock=lambda: services.clock() + 31 * trash.DAY)
    projects.update(services, user=OPERATOR, name="paint", settings={"trash_days": 90})
    assert trash.purge_expired(later) == 0
    projects.update(services, user=OPERATOR, name="paint", settings={"trash_days": 1})
    assert trash.purge_expired(later) == 1
