"""Checking finds every kind of difference, repairs what can be made again, and never drops a row."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop.core.entities import Image, Job, Json, Project, User
from sightloop.core.errors import Forbidden
from sightloop.flows import checking, upload, view
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images, jobs, tallies

Picture = Callable[..., bytes]
Incoming = Callable[..., upload.Incoming]


@pytest.fixture
def image(services: Services, project: Project, picture: Picture, incoming: Incoming) -> Image:
    """One stored picture in an installation where everything is right."""
    (kept,) = upload.keep(services, user=OPERATOR, project="paint", incoming=[incoming(picture())])
    assert kept.image
    view.sync(services, project.id)
    return kept.image


def aged(path: Path, *, seconds: float) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def kinds(found: Json) -> list[str]:
    return [finding["kind"] for finding in found["findings"]]


def blob_path(services: Services, sha256: str) -> Path:
    return services.blobs.path(sha256)


def test_a_sound_installation_has_no_findings(services: Services, image: Image) -> None:
    found = checking.check(services, repair=False, deep=True)
    assert (found["ok"], found["findings"], found["images"], found["blobs"]) == (True, [], 1, 1)


def test_a_row_without_its_bytes_is_an_alarm_and_never_dropped(services: Services, image: Image) -> None:
    services.blobs.delete(image.sha256)
    found = checking.check(services, repair=True)
    assert not found["ok"]
    assert kinds(found) == ["row_without_blob"]
    assert "ALARM" in found["lines"][0]
    with services.db.connect() as db:
        assert images.get(db, image.id) == image


def test_a_trashed_pictures_bytes_are_not_orphans(services: Services, image: Image) -> None:
    with services.db.begin() as db:
        images.trash(db, image, by=None)
    aged(blob_path(services, image.sha256), seconds=2 * checking.ORPHAN_AGE)
    assert "blob_without_row" not in kinds(checking.check(services, repair=True))
    assert services.blobs.has(image.sha256)


def test_bytes_without_a_row_are_removed_only_after_a_day_and_only_when_asked(services: Services) -> None:
    young, old = services.blobs.put(b"young"), services.blobs.put(b"old")
    aged(blob_path(services, old), seconds=checking.ORPHAN_AGE + 60)
    assert checking.check(services)["findings"][0]["examples"] == (old,)
    assert services.blobs.has(old)
    assert checking.check(services, repair=True)["ok"]
    assert (services.blobs.has(young), services.blobs.has(old)) == (True, False)


def test_an_unfinished_upload_is_removed_once_nobody_can_finish_it(services: Services) -> None:
    fresh, stale = services.blobs.incoming / "fresh", services.blobs.incoming / "stale"
    for path in (fresh, stale):
        path.write_bytes(b"x")
    aged(stale, seconds=checking.TEMP_LEASE + 60)
    checking.check(services, repair=True)
    assert (fresh.exists(), stale.exists()) == (True, False)


def test_an_archive_that_waits_for_its_import_is_no_stale_file(services: Services, project: Project) -> None:
    (services.data / "imports").mkdir()
    path = aged(write(services.data / "imports" / "set.zip"), seconds=checking.TEMP_LEASE + 60)
    with services.db.begin() as db:
        jobs.enqueue(db, kind="import", steps=("import",), params={"path": str(path.absolute())})
    checking.check(services, repair=True)
    assert path.exists()
    with services.db.begin() as db:
        jobs.cancel(db, jobs.all(db)[0].id)
    checking.check(services, repair=True)
    assert not path.exists()


def write(path: Path) -> Path:
    path.write_bytes(b"PK")
    return path


def test_wrong_counts_are_found_and_counted_anew(services: Services, project: Project, image: Image) -> None:
    with services.db.begin() as db:
        tallies.add(db, project.id, tallies.Counts({("status", "ready"): 7}))
    assert kinds(checking.check(services)) == ["tallies_differ"]
    assert checking.check(services, repair=True)["ok"]
    assert checking.check(services)["findings"] == []


def test_missing_and_surplus_links_are_repaired(services: Services, project: Project, image: Image) -> None:
    (link,) = (services.data / "view" / "paint").rglob("*.jpg")
    link.rename(link.with_name("other.jpg"))
    assert kinds(checking.check(services)) == ["picture_without_link", "link_without_picture"]
    checking.check(services, repair=True)
    assert checking.check(services)["findings"] == []


def test_changed_bytes_are_an_alarm_of_a_deep_check(services: Services, image: Image) -> None:
    path = blob_path(services, image.sha256)
    path.chmod(0o644)
    path.write_bytes(b"something else")
    assert checking.check(services)["ok"]
    found = checking.check(services, deep=True)
    assert kinds(found) == ["damaged_blob"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() != image.sha256


def test_the_start_repairs_temp_files_and_folders(services: Services, project: Project, image: Image) -> None:
    stale = aged(write(services.blobs.incoming / "stale"), seconds=checking.TEMP_LEASE + 60)
    (link,) = (services.data / "view" / "paint").rglob("*.jpg")
    link.unlink()
    assert checking.repair_at_start(services)["ok"]
    assert (stale.exists(), link.exists()) == (False, True)


def test_a_check_as_a_job_reports_in_its_context_and_names_no_path(
    services: Services, project: Project, image: Image, run_job: Callable[[Job], Job]
) -> None:
    aged(write(services.blobs.incoming / "stale"), seconds=checking.TEMP_LEASE + 60)
    services.blobs.delete(image.sha256)
    job = run_job(checking.start(services, user=OPERATOR, repair=True, deep=True))
    assert job.state == "done", job.error
    report = job.context["report"]
    assert {finding["kind"] for finding in report["findings"]} >= {"stale_temp_file", "row_without_blob"}
    assert str(services.data) not in str(job)


def test_only_administrators_start_a_check(services: Services) -> None:
    with pytest.raises(Forbidden):
        checking.start(services, user=User("u", "", "U", "maintainer", 0.0))
