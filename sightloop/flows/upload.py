"""Take pictures in: from here on they are acknowledged and survive anything."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sightloop import telemetry
from sightloop.core.entities import Image, Project, User
from sightloop.core.errors import BadImage
from sightloop.core.ids import new_id
from sightloop.flows.access import project_for
from sightloop.flows.naming import file_title
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.vision.decode import probe
from sightloop.vision.headers import Header


@dataclass(frozen=True)
class Incoming:
    """A finished temp file in `blobs.incoming`; `name` is what the client called it."""

    name: str
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True)
class Outcome:
    """What became of one file; stored + duplicate + failed is always the number of files."""

    name: str
    outcome: Literal["stored", "duplicate", "failed"]
    image: Image | None
    reason: str | None


def incoming(services: Services, *, name: str, data: bytes) -> Incoming:
    """Bytes that are at hand already, as the finished temp file that `keep` takes."""
    path = services.blobs.incoming / f"upload-{new_id()}.tmp"
    path.write_bytes(data)
    return Incoming(name, path, hashlib.sha256(data).hexdigest(), len(data))


def check(services: Services, *, user: User, project: str) -> None:
    """Raise Missing or Forbidden now, before a body is read, where `user` may not upload to the project."""
    project_for(services, user=user, name=project, action="upload")


def keep(
    services: Services,
    *,
    user: User,
    project: str,
    incoming: Sequence[Incoming],
    source: str = "upload",
    site: str | None = None,
) -> list[Outcome]:
    """Store files and their rows; a bad file is one refused row and never fails the batch.

    Returns one outcome per file, in order. Raises StorageFull before anything is acknowledged.
    """
    target = project_for(services, user=user, name=project, action="upload")
    headers = [_look(one) for one in incoming]
    drafts = [
        _draft(services, one, header, project=target, user=user, source=source, site=site)
        for one, header in zip(incoming, headers, strict=True)
        if isinstance(header, Header)
    ]
    good = [one for one, header in zip(incoming, headers, strict=True) if isinstance(header, Header)]
    fresh = [one for one in good if not services.blobs.has(one.sha256)]
    for one in fresh:
        services.blobs.adopt(one.path, one.sha256)
    with services.db.begin() as db:
        images.hold_blobs(db, [one.sha256 for one in good])
        rows = iter(images.add_many(db, drafts))
    for one in good:
        _settle(services, one)
    outcomes = [
        _refused(one, header) if isinstance(header, str) else _kept(one, *next(rows))
        for one, header in zip(incoming, headers, strict=True)
    ]
    for outcome in outcomes:
        telemetry.count_upload(outcome.outcome)
    return outcomes


def known(services: Services, *, user: User, project: str, checksums: Sequence[str]) -> Mapping[str, str]:
    """Which of these SHA-256 the project has already, with the image's id: a client need not send them again."""
    target = project_for(services, user=user, name=project, action="upload")
    with services.db.connect() as db:
        return images.known(db, target.id, checksums)


def _look(one: Incoming) -> Header | str:
    """The header, or the reason why this file is refused."""
    if one.size == 0:
        return f"{one.name!r} is empty."
    try:
        return probe(one.path.read_bytes())
    except BadImage as error:
        return f"{error.message} {error.hint}".strip()


def _draft(
    services: Services,
    one: Incoming,
    header: Header,
    *,
    project: Project,
    user: User,
    source: str,
    site: str | None,
) -> Image:
    return Image(
        id=new_id(),
        project_id=project.id,
        sha256=one.sha256,
        name=file_title(one.name),
        media_type=header.media_type,
        size=one.size,
        created_at=services.clock(),
        width=header.width,
        height=header.height,
        source=source,
        site=site,
        captured_at=header.captured_at,
        uploaded_by=user.id,
    )


def _settle(services: Services, one: Incoming) -> None:
    """Drop the temp file; if a purge removed the blob between our look and our row, put it back first."""
    if not services.blobs.has(one.sha256):
        services.blobs.adopt(one.path, one.sha256)
    if one.path.exists():
        one.path.unlink()


def _refused(one: Incoming, reason: str) -> Outcome:
    return Outcome(one.name, "failed", None, reason)


def _kept(one: Incoming, image: Image, created: bool) -> Outcome:
    return Outcome(one.name, "stored" if created else "duplicate", image, None)
