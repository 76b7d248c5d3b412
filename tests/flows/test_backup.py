"""A backup brings everything back, to another installation too, and a damaged one is refused before it does harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sightloop import wiring
from sightloop.core.entities import Image, Project, User
from sightloop.core.errors import Conflict, Missing, Rejected
from sightloop.flows import accounts, backup, correct, upload
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.store import images, projects, tallies, users

Picture = Callable[..., bytes]
Incoming = Callable[..., upload.Incoming]


@pytest.fixture
def filled(services: Services, project: Project, picture: Picture, incoming: Incoming) -> Services:
    """Three pictures, one of them corrected, and an account."""
    sent = [incoming(picture(seed=seed), f"{seed}.jpg") for seed in range(3)]
    kept = upload.keep(services, user=OPERATOR, project="paint", incoming=sent)
    assert kept[0].image
    correct.correct(services, user=OPERATOR, image_id=kept[0].image.id, value="blue", revision=None)
    accounts.add_user(services, email="ann@example.org", name="Ann", password="correct horse battery")
    return services


@pytest.fixture
def other(tmp_path: Path, database_url: str) -> Iterator[Services]:
    """An empty installation, on SQLite and on PostgreSQL."""
    built = wiring.build(Settings(data=tmp_path / "other", database_url=database_url, workers=1))
    yield built
    built.close()


def at(services: Services, when: float) -> Services:
    return replace(services, clock=lambda: when)


def everything(services: Services) -> tuple[list[Project], list[User], list[Image], object]:
    with services.db.connect() as db:
        found = projects.all(db, reader=None)
        pictures = [image for project in found for image in images.stream(db, project.id)]
        return found, users.all(db), pictures, [tallies.summary(db, project.id) for project in found]


def test_a_restored_installation_has_equal_rows_and_bytes(filled: Services, other: Services, tmp_path: Path) -> None:
    backup.backup(filled, tmp_path / "backups")
    found = backup.restore(other, tmp_path / "backups")
    assert found["blobs"] == 3
    assert everything(other) == everything(filled)
    for image in everything(filled)[2]:
        assert other.blobs.get(image.sha256) == filled.blobs.get(image.sha256)
    assert len(list((tmp_path / "other" / "view").rglob("*.jpg"))) == 3


def test_a_backup_moves_from_one_kind_of_database_to_the_other_and_back(
    filled: Services, other: Services, tmp_path: Path
) -> None:
    backup.backup(filled, tmp_path / "backups")
    backup.restore(other, tmp_path / "backups")
    backup.backup(other, tmp_path / "again")
    third = wiring.build(Settings(data=tmp_path / "third", workers=1))
    backup.restore(third, tmp_path / "again")
    assert everything(third) == everything(filled)
    third.close()


def test_people_sign_in_with_their_password_after_a_restore(filled: Services, other: Services, tmp_path: Path) -> None:
    backup.backup(filled, tmp_path / "backups")
    backup.restore(other, tmp_path / "backups")
    ticket = accounts.login(other, email="ann@example.org", password="correct horse battery", address="")
    assert ticket.user.name == "Ann"


def test_a_restored_installation_goes_on_working(
    filled: Services, other: Services, tmp_path: Path, picture: Picture
) -> None:
    backup.backup(filled, tmp_path / "backups")
    backup.restore(other, tmp_path / "backups")
    path = other.blobs.incoming / "next"
    path.write_bytes(picture(seed=9))
    sent = upload.Incoming("next.jpg", path, other.blobs.put(picture(seed=9)), 1)
    (kept,) = upload.keep(other, user=OPERATOR, project="paint", incoming=[sent])
    assert kept.outcome == "stored"


def test_the_newest_few_are_kept_and_share_their_bytes(filled: Services, tmp_path: Path) -> None:
    found = [backup.backup(at(filled, 1.7e9 + day), tmp_path / "backups", keep=2) for day in range(4)]
    assert [one["removed"] for one in found] == [0, 0, 1, 1]
    assert [one["copied"] for one in found] == [3, 0, 0, 0]
    assert len(backup.listing(tmp_path / "backups")) == 2


def test_bytes_that_only_an_expired_backup_listed_are_removed(filled: Services, tmp_path: Path) -> None:
    backup.backup(at(filled, 1.7e9), tmp_path / "backups", keep=1)
    gone = everything(filled)[2][0]
    with filled.db.begin() as db:
        images.purge(db, gone)
    filled.blobs.delete(gone.sha256)
    backup.backup(at(filled, 1.7e9 + 1), tmp_path / "backups", keep=1)
    assert not (tmp_path / "backups" / "blobs" / gone.sha256[:2] / gone.sha256).exists()
    assert len(list((tmp_path / "backups" / "blobs").rglob("*"))) >= 2


def test_a_damaged_file_is_refused_before_anything_is_written(
    filled: Services, other: Services, tmp_path: Path
) -> None:
    backup.backup(filled, tmp_path / "backups")
    victim = next(path for path in (tmp_path / "backups" / "blobs").rglob("*") if path.is_file())
    victim.unlink()
    victim.write_bytes(b"damaged")
    with pytest.raises(Rejected, match=victim.name):
        backup.restore(other, tmp_path / "backups", verify=True)
    assert everything(other)[0] == []
    assert list(other.blobs.walk()) == []


def test_an_interrupted_backup_does_not_count(filled: Services, other: Services, tmp_path: Path) -> None:
    made = Path(backup.backup(filled, tmp_path / "backups")["path"])
    made.rename(made.with_suffix(".half"))
    with pytest.raises(Missing):
        backup.restore(other, tmp_path / "backups")


def test_a_restore_never_overwrites_what_is_there(filled: Services, tmp_path: Path) -> None:
    backup.backup(filled, tmp_path / "backups")
    with pytest.raises(Conflict, match="not empty"):
        backup.restore(filled, tmp_path / "backups")
