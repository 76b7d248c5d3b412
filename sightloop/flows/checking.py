"""Compare rows, bytes and derived files with each other, say what differs, and repair what can be made again."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from sightloop.core.entities import Job, Json, Progress, Project, User
from sightloop.core.errors import Conflict, Missing
from sightloop.core.permissions import require
from sightloop.core.ports import Report
from sightloop.flows import view
from sightloop.flows.services import Services
from sightloop.store import images, jobs, projects, snapshots, tallies, versions

log = logging.getLogger(__name__)

Kind = Literal[
    "stale_temp_file", "row_without_blob", "blob_without_row", "tallies_differ", "picture_without_link",
    "link_without_picture", "damaged_blob",
]  # fmt: skip

SENTENCES: dict[Kind, str] = {
    "stale_temp_file": "unfinished upload(s) or imported archive(s) that nobody needs",
    "row_without_blob": "row(s) whose bytes are gone: restore them from a backup",
    "blob_without_row": "stored file(s) that nothing refers to",
    "tallies_differ": "project(s) whose counts differ from a recount",
    "picture_without_link": "picture(s) missing from the class folders",
    "link_without_picture": "file(s) in the class folders without a picture",
    "damaged_blob": "stored file(s) whose content is not what was stored: restore them from a backup",
}
ALARMS: frozenset[Kind] = frozenset({"row_without_blob", "damaged_blob"})
TEMP_LEASE = 3600.0  # seconds after which nobody finishes an upload any more
ORPHAN_AGE = 86_400.0  # seconds for which bytes may wait for their row
EXAMPLES = 20
STEPS = ("check",)


@dataclass(frozen=True)
class Finding:
    """One kind of difference: how often, a few examples, and whether it was put right."""

    kind: Kind
    count: int
    examples: tuple[str, ...]
    repaired: bool

    @property
    def sentence(self) -> str:
        """The finding in words."""
        state = "repaired" if self.repaired else "ALARM" if self.kind in ALARMS else "repairable with --repair"
        return f"{self.count} {SENTENCES[self.kind]} ({state}): {', '.join(self.examples[:3])}"


def start(services: Services, *, user: User, repair: bool = False, deep: bool = False) -> Job:
    """Queue a check; what it finds will be the job's `context["report"]`. Raises Forbidden."""
    require(user.role, "administer", what="the storage")
    params = {"repair": repair, "deep": deep}
    with services.db.begin() as db:
        return jobs.enqueue(db, kind="check", steps=STEPS, params=params, created_by=user.id)


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: the check that the job asks for."""
    return {"report": check(services, repair=job.params["repair"], deep=job.params["deep"], report=report)}


def check(services: Services, *, repair: bool = False, deep: bool = False, report: Report | None = None) -> Json:
    """Look at everything; with `repair` put right what can be, with `deep` recompute the hash of every stored file.

    A row without its bytes is an alarm and never dropped. Bytes without a row are removed only after a day, and after
    another look inside the transaction.

    Returns {ok, findings [{kind, count, examples, repaired}], lines, images, blobs, seconds}; `ok` says that nothing is
    left to do. No name in it says where on this machine anything lies.
    """
    began = time.monotonic()
    stored = {blob.sha256: blob.modified for blob in services.blobs.walk()}
    with services.db.connect() as db:
        everything = projects.all(db, reader=None)
        needed = dict(_needed(services, everything))
    findings = [
        _temp_files(services, repair=repair),
        _finding("row_without_blob", [what for sha, what in needed.items() if sha not in stored]),
        _orphans(services, stored, needed, repair=repair),
        *_tallies(services, everything, repair=repair),
        *_links(services, everything, repair=repair),
    ]
    if deep:
        findings.append(_finding("damaged_blob", list(_damaged(services, stored, report=report))))
    return _result(findings, images=len(needed), blobs=len(stored), seconds=time.monotonic() - began)


def repair_at_start(services: Services) -> Json:
    """The quick part of `check --repair`, for every start: unfinished uploads and the class folders."""
    began = time.monotonic()
    with services.db.connect() as db:
        everything = projects.all(db, reader=None)
    findings = [_temp_files(services, repair=True), *_links(services, everything, repair=True)]
    result = _result(findings, images=0, blobs=0, seconds=time.monotonic() - began)
    for line in result["lines"]:
        log.warning("start: %s", line)
    return result


def _result(findings: Sequence[Finding], *, images: int, blobs: int, seconds: float) -> Json:
    found = [finding for finding in findings if finding.count]
    return {
        "ok": all(finding.repaired for finding in found),
        "findings": [asdict(finding) for finding in found],
        "lines": [finding.sentence for finding in found],
        "images": images,
        "blobs": blobs,
        "seconds": round(seconds, 3),
    }


def _finding(kind: Kind, found: Sequence[str], *, repaired: bool = False) -> Finding:
    return Finding(kind, len(found), tuple(found[:EXAMPLES]), repaired)


def _needed(services: Services, everything: Iterable[Project]) -> Iterator[tuple[str, str]]:
    """Every SHA-256 some row refers to, with words for that row; trashed pictures too."""
    with services.db.connect() as db:
        for project in everything:
            for image in images.stream(db, project.id, filters=images.Filters(trashed=None)):
                yield image.sha256, f"image {image.id} ({project.name}, {image.name!r})"
            for mask, image_id in images.masks(db, project.id).items():
                yield mask, f"mask of image {image_id} ({project.name})"
            for taken in snapshots.all(db, project.id):
                yield taken.hash, f"snapshot {taken.id} ({project.name})"
            for version in versions.all(db, project.id):
                yield version.bundle, f"model version {version.number} ({project.name})"


def _temp_files(services: Services, *, repair: bool) -> Finding:
    before = time.time() - TEMP_LEASE
    with services.db.connect() as db:
        waiting = {job.params.get("path") for job in jobs.all(db, states=("queued", "running"), limit=10_000)}
    stale = [
        path
        for folder in (services.blobs.incoming, services.data / "imports")
        for path in sorted(folder.glob("*"))
        if path.is_file() and path.stat().st_mtime < before and str(path.absolute()) not in waiting
    ]
    if repair:
        for path in stale:
            path.unlink(missing_ok=True)
    return _finding("stale_temp_file", [path.name for path in stale], repaired=repair)


def _orphans(services: Services, stored: dict[str, float], needed: dict[str, str], *, repair: bool) -> Finding:
    before = time.time() - ORPHAN_AGE
    orphans = [sha for sha, modified in stored.items() if sha not in needed and modified < before]
    if repair and orphans:
        with services.db.begin() as db:
            images.hold_blobs(db, orphans)
            still = images.used(db, orphans) | snapshots.manifests(db) | versions.bundles(db)
            orphans = [sha for sha in orphans if sha not in still]
            for sha in orphans:
                services.blobs.delete(sha)
    return _finding("blob_without_row", orphans, repaired=repair)


def _tallies(services: Services, everything: Iterable[Project], *, repair: bool) -> list[Finding]:
    wrong = [project for project in everything if not _counts_right(services, project)]
    if repair:
        for project in wrong:
            with services.db.begin() as db:
                tallies.rebuild(db, project.id)
    return [_finding("tallies_differ", [project.name for project in wrong], repaired=repair)]


def _counts_right(services: Services, project: Project) -> bool:
    try:
        with services.db.connect() as db:
            tallies.verify(db, project.id)
    except Conflict:
        return False
    return True


def _links(services: Services, everything: Iterable[Project], *, repair: bool) -> list[Finding]:
    absent: list[str] = []
    extra: list[str] = []
    for project in everything:
        without, leftover = view.differences(services, project.id)
        absent += [f"{project.name}/{place}" for place in without]
        extra += [f"{project.name}/{place}" for place in leftover]
        if repair and (without or leftover):
            view.sync(services, project.id)
    return [
        _finding("picture_without_link", absent, repaired=repair),
        _finding("link_without_picture", extra, repaired=repair),
    ]


def _damaged(services: Services, stored: Collection[str], *, report: Report | None) -> Iterator[str]:
    for done, sha in enumerate(stored):
        if report is not None:
            report(Progress(done, len(stored), f"{done} of {len(stored)} files read"))
        try:
            path = services.blobs.path(sha)
        except Missing:
            continue
        if file_hash(path) != sha:
            yield sha


def file_hash(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
