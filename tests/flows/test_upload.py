"""Uploads: each file its outcome, each content once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sightloop.core.entities import Project, User
from sightloop.core.errors import Missing
from sightloop.flows import naming, trash, upload
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services

Picture = Callable[..., bytes]
Incoming = Callable[..., upload.Incoming]
STRANGER = User(id="stranger", email="s@example.org", name="S", role="reviewer", created_at=0.0)


def _keep(services: Services, *incoming: upload.Incoming) -> list[upload.Outcome]:
    return upload.keep(services, user=OPERATOR, project="paint", incoming=incoming)


def test_one_bad_file_never_fails_the_batch(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    good = [incoming(picture(seed=seed), f"{seed}.jpg") for seed in range(3)]
    outcomes = _keep(services, good[0], incoming(b"not a picture", "bad.jpg"), *good[1:], incoming(b"", "empty.jpg"))
    assert [one.outcome for one in outcomes] == ["stored", "failed", "stored", "stored", "failed"]
    assert outcomes[1].reason
    assert "empty.jpg" in (outcomes[4].reason or "")


def test_the_same_bytes_are_one_image(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    first, second = _keep(services, incoming(picture()), incoming(picture(), "other name.jpg"))
    [third] = _keep(services, incoming(picture()))
    assert [first.outcome, second.outcome, third.outcome] == ["stored", "duplicate", "duplicate"]
    assert {one.image.id for one in (first, second, third) if one.image} == {first.image and first.image.id}


def test_files_of_one_name_never_collide(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    data = [picture(seed=seed) for seed in range(5)]
    outcomes = _keep(services, *(incoming(one, "photo.jpg") for one in data))
    assert [services.blobs.get(one.image.sha256) for one in outcomes if one.image] == data


def test_no_temp_file_is_left_behind(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    _keep(services, incoming(picture()), incoming(picture()), incoming(picture(seed=2)))
    assert list(services.blobs.incoming.iterdir()) == []


def test_a_trashed_picture_comes_back_with_its_bytes(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    [first] = _keep(services, incoming(picture()))
    assert first.image
    trash.discard(services, user=OPERATOR, image_id=first.image.id)
    [again] = _keep(services, incoming(picture()))
    assert again.image
    assert again.image.trashed_at is None


def test_a_purged_picture_can_be_uploaded_again(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    [first] = _keep(services, incoming(picture()))
    assert first.image
    trash.discard(services, user=OPERATOR, image_id=first.image.id)
    trash.purge(services, user=OPERATOR, image_id=first.image.id)
    [again] = _keep(services, incoming(picture()))
    assert again.outcome == "stored"
    assert services.blobs.get(first.image.sha256) == picture()


def test_a_stranger_does_not_learn_that_the_project_exists(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    with pytest.raises(Missing, match="paint"):
        upload.keep(services, user=STRANGER, project="paint", incoming=[incoming(picture())])


def test_known_checksums_need_not_be_sent(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    [first] = _keep(services, incoming(picture()))
    assert first.image
    found = upload.known(services, user=OPERATOR, project="paint", checksums=[first.image.sha256, "0" * 64])
    assert found == {first.image.sha256: first.image.id}


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/passwd", "passwd"), ("a\\b\\c.png", "c.png"), ("", "picture"), ("x\x00y.jpg", "xy.jpg"), ("..", "..")],
)
def test_a_client_name_is_data_and_never_a_path(name: str, kept: str) -> None:
    assert naming.file_title(name) == kept
