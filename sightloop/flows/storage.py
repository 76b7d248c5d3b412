"""What takes the space: the disk, each kind of stored thing, each project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sightloop.core.entities import Json, User
from sightloop.core.permissions import require
from sightloop.flows.services import Services
from sightloop.store import sizes, snapshots, versions


def overview(services: Services, *, user: User) -> Json:
    """Bytes in all and by part; takes a walk over the whole store, so ask at most once a minute.

    Returns {disk {total, used, free}, parts [{name, bytes}], projects [{name, title, images, bytes}]}. A file that is
    a hard link of another, as in backups on the same disk, takes nothing and counts nothing.
    """
    require(user.role, "administer", what="the storage")
    stored = {blob.sha256: blob.size for blob in services.blobs.walk()}
    with services.db.connect() as db:
        originals, projects = sizes.originals(db), sizes.by_project(db)
        models = sum(stored.get(sha, 0) for sha in versions.bundles(db))
        sets = sum(stored.get(sha, 0) for sha in snapshots.manifests(db))
    parts = {"originals": originals, "models": models, "snapshots": sets, "database": sizes.of_database(services.db)}
    parts |= {name: sum(map(_below, folders)) for name, folders in _folders(services).items()}
    total, used, free = shutil.disk_usage(services.data)
    return {
        "disk": {"total": total, "used": used, "free": free},
        "parts": [{"name": name, "bytes": size} for name, size in parts.items()],
        "projects": projects,
    }


def _folders(services: Services) -> dict[str, list[Path]]:
    """The folders of this machine that each part lies in; "cache" holds what can be made or fetched again."""
    data = services.data
    return {
        "thumbnails": [data / "derived", data / "cache" / "blobs" / "derived"],
        "exports": [data / "exports"],
        "uploads in progress": [services.blobs.incoming, data / "imports"],
        "jobs at work": [data / "work"],
        "cache": [data / "cache" / "bundles", data / "cache" / "blobs" / "blobs"],
        "backups": [services.backups] if services.backups else [],
    }


def _below(folder: Path) -> int:
    """The bytes of the files in a folder and below it, as far as they are there for it alone."""
    return sum(found.st_size for found in _files(folder) if found.st_nlink == 1)


def _files(folder: Path) -> Iterator[os.stat_result]:
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                yield (Path(root) / name).lstat()
            except FileNotFoundError:  # it was finished or removed meanwhile
                continue
