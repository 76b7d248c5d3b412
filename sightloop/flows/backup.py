"""Back up the database first and the bytes after, keep the last few, and bring one back with every hash recomputed.

A target folder holds `sightloop-<time>/` per backup (rows as text, `blobs.txt`, `backup.json`) and one pool `blobs/`
that all of them share, so the second backup costs only what is new.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import sightloop
from sightloop.core.entities import Job, Json, Progress
from sightloop.core.errors import Conflict, Missing, Rejected
from sightloop.core.ports import Report
from sightloop.flows import view
from sightloop.flows.checking import file_hash
from sightloop.flows.services import Services
from sightloop.store import dump, jobs, projects, users
from sightloop.store.database import lock

FORMAT = 1
NAME = re.compile(r"sightloop-\d{8}T\d{6}Z")
ROWS, LIST, NOTE, POOL = "rows", "blobs.txt", "backup.json", "blobs"
STEPS = ("backup",)
KEEP = 5
DAY = 86_400.0


def queue_daily(services: Services) -> None:
    """Queue a backup into the folder of the settings, if there is one and the last was queued a day ago or more."""
    if services.backups is None:
        return
    with services.db.begin() as db:
        lock(db, "daily backup")
        last = jobs.all(db, kinds=("backup",), limit=1)
        if not last or last[0].created_at <= services.db.now(db) - DAY:
            jobs.enqueue(db, kind="backup", steps=STEPS)


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: a backup into the folder of the settings, of which the newest five stay."""
    del job
    if services.backups is None:
        raise Rejected("no folder for backups is set any more.", hint="Set SIGHTLOOP_BACKUPS.")
    found = backup(services, services.backups, keep=KEEP, report=report)
    return {"backup": {**found, "path": Path(found["path"]).name}}


def backup(services: Services, target: Path, *, keep: int = KEEP, report: Report | None = None) -> Json:
    """Write a new backup below `target` and remove all but the newest `keep`.

    The rows are of one moment; every blob they refer to was stored before it. A backup that was interrupted has no
    final name and never counts.

    Returns {path, created_at, blobs, bytes, copied, removed}.
    """
    if keep < 1:
        raise Rejected(f"cannot keep {keep} backups.", hint="Keep at least one.")
    now = services.clock()
    final = target / time.strftime("sightloop-%Y%m%dT%H%M%SZ", time.gmtime(now))
    if final.exists():
        raise Conflict(f"backup {final.name!r} exists already.", hint="Wait a second.")
    half = final.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    with services.db.connect() as db:
        dump.write(db, half / ROWS)
    counts = _copy_blobs(services, target / POOL, half / LIST, report=report)
    note = {"format": FORMAT, "created_at": now, "version": sightloop.__version__, **counts}
    _write(half / NOTE, json.dumps(note, indent=1).encode())
    half.rename(final)
    _sync_folder(target)
    return {"path": str(final), "created_at": now, **counts, "removed": _prune(target, keep=keep, now=now)}


def restore(services: Services, source: Path, *, verify: bool = True) -> Json:
    """Bring the backup at `source` (or the newest below it) into an empty installation: bytes first, rows after.

    Args:
        verify: recompute every hash before anything is written; without it a blob is checked as it is stored.

    Raises:
        Missing: no finished backup there.
        Conflict: this installation has accounts or projects already.
        Rejected: a file of the backup is missing or damaged.

    Returns {path, blobs, bytes, projects}.
    """
    folder = newest(source)
    _refuse_full(services)
    pool = folder.parent / POOL
    if verify:
        for sha, path in _listed(folder, pool):
            if not path.is_file() or file_hash(path) != sha:
                raise Rejected(f"file {sha} of backup {folder.name!r} is missing or damaged.", hint="Use an older one.")
    size = 0
    count = 0
    for sha, path in _listed(folder, pool):
        _bring(services, path, sha)
        size, count = size + path.stat().st_size, count + 1
    with services.db.begin() as db:
        dump.read(db, folder / ROWS)
    with services.db.connect() as db:
        everything = projects.all(db, reader=None)
    for project in everything:
        view.sync(services, project.id)
    return {"path": str(folder), "blobs": count, "bytes": size, "projects": len(everything)}


def listing(target: Path) -> list[Json]:
    """The finished backups below `target`, oldest first."""
    return [{"path": str(folder), **json.loads((folder / NOTE).read_text())} for folder in _finished(target)]


def newest(source: Path) -> Path:
    """`source` itself where it is a backup, else the newest one below it. Raises Missing."""
    if (source / NOTE).is_file():
        return source
    found = _finished(source)
    if not found:
        raise Missing(f"no finished backup in {str(source)!r}.", hint="Name the folder given to `sightloop backup`.")
    return found[-1]


def _finished(target: Path) -> list[Path]:
    return sorted(path for path in target.glob("sightloop-*") if NAME.fullmatch(path.name) and (path / NOTE).is_file())


def _copy_blobs(services: Services, pool: Path, listed: Path, *, report: Report | None) -> Json:
    count = size = copied = 0
    with listed.open("w") as lines:
        for blob in services.blobs.walk():
            target = pool / blob.sha256[:2] / blob.sha256
            if not target.exists() or target.stat().st_size != blob.size:
                copied += _place(services.blobs.path(blob.sha256), target)
            lines.write(f"{blob.sha256}\n")
            count, size = count + 1, size + blob.size
            if report:
                report(Progress(count, 0, f"{count} files, {copied} of them new"))
        lines.flush()
        os.fsync(lines.fileno())
    return {"blobs": count, "bytes": size, "copied": copied}


def _place(source: Path, target: Path) -> int:
    """Link or copy a file, so that `target` is there whole or not at all; returns 1."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_suffix(".half")
    half.unlink(missing_ok=True)
    try:
        os.link(source, half)
    except OSError:
        shutil.copyfile(source, half)
        with half.open("rb") as file:
            os.fsync(file.fileno())
    half.replace(target)
    return 1


def _bring(services: Services, path: Path, sha: str) -> None:
    try:
        stored = services.blobs.has(sha) or services.blobs.put(path.read_bytes()) == sha
    except OSError as error:
        raise Rejected(
            f"file {sha} of the backup cannot be read: {error.strerror}.", hint="Use an older one."
        ) from error
    if not stored:
        raise Rejected(f"file {sha} of the backup is damaged.", hint="Use an older backup.")


def _refuse_full(services: Services) -> None:
    with services.db.connect() as db:
        if users.count(db) or projects.all(db, reader=None):
            raise Conflict("this installation is not empty.", hint="Restore into a new data folder or database.")


def _listed(folder: Path, pool: Path) -> Iterator[tuple[str, Path]]:
    for line in (folder / LIST).read_text().splitlines():
        if not re.fullmatch(r"[0-9a-f]{64}", line):
            raise Rejected(f"{LIST} of backup {folder.name!r} is damaged at {line[:80]!r}.", hint="Use an older one.")
        yield line, pool / line[:2] / line


def _prune(target: Path, *, keep: int, now: float) -> int:
    """Remove all but the newest backups, then the bytes that none of the kept ones lists."""
    finished = _finished(target)
    for folder in (*finished[:-keep], *_abandoned(target, before=now - DAY)):
        shutil.rmtree(folder)
    if len(finished) > keep:
        wanted = {sha for folder in finished[-keep:] for sha, _ in _listed(folder, target / POOL)}
        for path in (target / POOL).glob("??/*"):
            if path.name not in wanted:
                path.unlink()
    return max(0, len(finished) - keep)


def _abandoned(target: Path, *, before: float) -> list[Path]:
    """Backups that began before a time and were interrupted."""
    return [half for half in target.glob("sightloop-*.half") if half.stat().st_mtime < before]


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
