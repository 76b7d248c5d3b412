"""The daily backup: off unless a folder is named, one a day however often the clock looks, the newest five stay."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from sightloop.core.entities import Job, Progress
from sightloop.core.errors import Cancelled
from sightloop.flows import backup
from sightloop.flows.services import Services
from sightloop.store import jobs
from sightloop.store.registry_tables import jobs as table


@pytest.fixture
def daily(services: Services, tmp_path: Path) -> Services:
    return replace(services, backups=tmp_path / "backups")


def quiet(progress: Progress) -> None:
    del progress


def queued(services: Services) -> list[Job]:
    with services.db.connect() as db:
        return jobs.all(db, kinds=("backup",))


def test_without_a_folder_nothing_is_queued(services: Services) -> None:
    backup.queue_daily(services)
    assert queued(services) == []


def test_one_backup_is_queued_a_day(daily: Services) -> None:
    backup.queue_daily(daily)
    backup.queue_daily(daily)
    assert len(queued(daily)) == 1
    with daily.db.begin() as db:
        db.execute(update(table).values(created_at=table.c.created_at - backup.DAY))
    backup.queue_daily(daily)
    assert len(queued(daily)) == 2


def test_the_job_writes_a_backup_and_tells_no_path(daily: Services) -> None:
    backup.queue_daily(daily)
    found = backup.run(daily, queued(daily)[0], quiet)["backup"]
    assert daily.backups
    assert [one["path"] for one in backup.listing(daily.backups)] == [str(daily.backups / found["path"])]


def test_the_newest_five_stay(daily: Services) -> None:
    assert daily.backups
    backup.queue_daily(daily)
    days = iter(range(7))
    counting = replace(daily, clock=lambda: 1e9 + next(days) * backup.DAY)
    for _ in range(7):
        backup.run(counting, queued(daily)[0], quiet)
    assert [one["created_at"] for one in backup.listing(daily.backups)] == [
        1e9 + day * backup.DAY for day in range(2, 7)
    ]


def test_what_an_interrupted_backup_left_goes_after_a_day(daily: Services, picture: Callable[..., bytes]) -> None:
    assert daily.backups
    daily.blobs.put(picture())

    def stop(progress: Progress) -> None:
        raise Cancelled("enough.")

    with pytest.raises(Cancelled):
        backup.backup(replace(daily, clock=lambda: 1e9), daily.backups, report=stop)
    [half] = daily.backups.glob("*.half")
    backup.backup(daily, daily.backups)
    assert half.exists()
    os.utime(half, (0, daily.clock() - backup.DAY - 60))
    backup.backup(replace(daily, clock=lambda: daily.clock() + 2), daily.backups)
    assert not half.exists()
