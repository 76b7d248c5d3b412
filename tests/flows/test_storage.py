"""The parts of the storage add up to what lies there, on a disk and in a bucket."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sightloop import wiring
from sightloop.core.entities import Image, Json, Project, User
from sightloop.core.errors import Forbidden
from sightloop.flows import backup, projects, storage
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from tests import tiny
from tests.conftest import Bucket


def parts(found: Json) -> dict[str, int]:
    return {one["name"]: one["bytes"] for one in found["parts"]}


def look(services: Services) -> dict[str, int]:
    return parts(storage.overview(services, user=OPERATOR))


def test_each_part_has_its_bytes(
    services: Services, project: Project, kept: Callable[..., Image], model: Callable[..., int]
) -> None:
    before = look(services)
    assert (before["originals"], before["thumbnails"], before["models"]) == (0, 0, 0)
    image = kept(tiny.picture("red"))
    model(project)
    (services.data / "exports").mkdir()
    (services.data / "exports" / "one.zip").write_bytes(b"x" * 1000)
    (services.blobs.incoming / "half").write_bytes(b"x" * 500)
    found = storage.overview(services, user=OPERATOR)
    after = parts(found)
    assert after["originals"] == image.size
    assert after["thumbnails"] == len(services.blobs.kept("thumb", image.sha256) or b"")
    assert after["models"] == sum(blob.size for blob in services.blobs.walk()) - image.size
    assert (after["exports"], after["uploads in progress"]) == (1000, 500)
    assert after["database"] >= (services.data / "sightloop.db").stat().st_size
    assert [(one["name"], one["images"], one["bytes"]) for one in found["projects"]] == [("paint", 1, image.size)]
    assert found["disk"]["total"] == shutil.disk_usage(services.data).total


def test_a_backup_on_the_same_disk_counts_only_what_it_has_alone(
    services: Services, project: Project, kept: Callable[..., Image], tmp_path: Path
) -> None:
    image = kept(tiny.picture("red"))
    into = replace(services, backups=tmp_path / "backups")
    assert look(into)["backups"] == 0
    backup.backup(services, tmp_path / "backups")
    rows = look(into)["backups"]
    assert rows > 0
    [copy] = (tmp_path / "backups" / "blobs").rglob(image.sha256)
    alone = copy.with_name("alone")
    shutil.copyfile(copy, alone)
    os.replace(alone, copy)  # noqa: PTH105  what a copy to another disk would have left
    assert look(into)["backups"] == rows + image.size


def test_only_administrators_learn_of_it(services: Services) -> None:
    with pytest.raises(Forbidden):
        storage.overview(services, user=User("u", "", "U", "maintainer", 0.0))


@pytest.fixture
def in_a_bucket(s3: Bucket, tmp_path: Path, sqlite_template: Path) -> Iterator[Services]:
    (tmp_path / "far").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "far" / "sightloop.db")
    settings = Settings(
        data=tmp_path / "far",
        blobs_url=f"s3://{s3.name}/pictures",
        s3_endpoint_url=s3.endpoint_url,
        s3_access_key_id=s3.access_key_id,
        s3_secret_access_key=s3.secret_access_key,
        workers=1,
    )
    built = wiring.build(settings)
    yield built
    built.close()


def test_a_store_in_a_bucket_is_counted_by_its_rows(in_a_bucket: Services) -> None:
    from sightloop.store import images
    from tests.store import builders

    project = projects.create(in_a_bucket, user=OPERATOR, name="paint", classes=("red",))
    data = tiny.picture("red")
    sha256 = in_a_bucket.blobs.put(data)
    with in_a_bucket.db.begin() as db:
        images.add(db, replace(builders.image(project.id), sha256=sha256, size=len(data)))
    in_a_bucket.blobs.path(sha256)
    found = look(in_a_bucket)
    assert found["originals"] == found["cache"] == len(data)
