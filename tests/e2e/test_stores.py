"""The same loop on PostgreSQL and S3, and its way from there into a single folder with SQLite."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightloop import wiring
from sightloop.core.entities import Image
from sightloop.core.errors import Conflict
from sightloop.core.ids import new_id
from sightloop.flows import answer, backup, checking, correct, insights, library, predict, projects, trash, upload
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.store import images
from sightloop.store.images import Filters
from tests import tiny
from tests.conftest import Bucket
from tests.web.tiny_model import put_live

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"])


@pytest.fixture
def services(database_url: str, s3: Bucket, tmp_path: Path) -> Iterator[Services]:
    """An installation whose rows are in PostgreSQL and whose bytes are in a bucket, with a project and a model."""
    settings = Settings(
        data=tmp_path / "data",
        database_url=database_url,
        blobs_url=f"s3://{s3.name}/pictures",
        s3_endpoint_url=s3.endpoint_url,
        s3_access_key_id=s3.access_key_id,
        s3_secret_access_key=s3.secret_access_key,
        workers=1,
    )
    built = wiring.build(settings)
    project = projects.create(built, user=OPERATOR, name="paint", classes=("red", "blue"))
    put_live(built, project, tmp_path / "bundle")
    yield built
    built.close()


@pytest.fixture
def pictures(services: Services) -> list[Image]:
    """A red, a blue and a red picture, stored and answered."""
    sent = [incoming(services, tiny.picture(colour, seed=seed)) for seed, colour in enumerate(("red", "blue", "red"))]
    kept = upload.keep(services, user=OPERATOR, project="paint", incoming=sent)
    found = [one.image for one in kept if one.image]
    return answer.score(services, project_id=found[0].project_id, image_ids=[one.id for one in found], timeout=30)


def incoming(services: Services, data: bytes) -> upload.Incoming:
    path = services.blobs.incoming / new_id()
    path.write_bytes(data)
    return upload.Incoming("photo.jpg", path, hashlib.sha256(data).hexdigest(), len(data))


def listed(services: Services) -> list[Image]:
    found, _ = library.page(services, user=OPERATOR, project="paint", filters=Filters(trashed=None), sort="created_at")
    return found


def test_pictures_are_stored_answered_and_corrected(services: Services, pictures: list[Image]) -> None:
    assert [image.predicted for image in pictures] == ["red", "blue", "red"]
    again = upload.keep(services, user=OPERATOR, project="paint", incoming=[incoming(services, tiny.picture("red"))])
    assert [one.outcome for one in again] == ["duplicate"]
    changed = correct.correct(services, user=OPERATOR, image_id=pictures[0].id, value="blue", revision=None)
    with pytest.raises(Conflict):
        correct.correct(services, user=OPERATOR, image_id=changed.id, value="red", revision=pictures[0].revision)
    assert insights.insights(services, user=OPERATOR, project="paint")["tabs"] == {"blue": 2, "red": 1}
    assert library.thumbnail(services, user=OPERATOR, image_id=changed.id)[8:12] == b"WEBP"


def test_a_purged_picture_is_gone_from_the_bucket_and_a_check_finds_nothing(
    services: Services, pictures: list[Image]
) -> None:
    trash.discard(services, user=OPERATOR, image_id=pictures[0].id)
    trash.purge(services, user=OPERATOR, image_id=pictures[0].id)
    assert not services.blobs.has(pictures[0].sha256)
    report = checking.check(services, repair=False, deep=True)
    assert (report["ok"], report["lines"]) == (True, [])
    assert [image.id for image in listed(services)] == [image.id for image in pictures[1:]]


def test_a_backup_comes_back_on_sqlite_and_disk_with_rows_bytes_and_model(
    services: Services, pictures: list[Image], tmp_path: Path
) -> None:
    correct.correct(services, user=OPERATOR, image_id=pictures[0].id, value="blue", revision=None)
    backup.backup(services, tmp_path / "backups")
    other = wiring.build(Settings(data=tmp_path / "other", workers=1))
    try:
        restored = backup.restore(other, tmp_path / "backups", verify=True)
        assert (restored["blobs"], restored["projects"]) == (4, 1)
        assert listed(other) == listed(services)
        assert all(other.blobs.get(image.sha256) == services.blobs.get(image.sha256) for image in pictures)
        said = predict.predict(other, user=OPERATOR, project="paint", data=tiny.picture("blue", seed=9))
        assert said["prediction"] == "blue"
        assert history(other, pictures[0]) == history(services, pictures[0])
        assert checking.check(other, repair=True)["ok"]
    finally:
        other.close()


def history(services: Services, image: Image) -> object:
    with services.db.connect() as db:
        return images.history(db, image.id)
