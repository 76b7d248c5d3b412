"""Labelled pictures as measures read them: a few columns of many rows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Integer, cast, false, func, select

from sightloop.core.entities import UNKNOWN, ImageStatus, Side
from sightloop.store import rows
from sightloop.store.tables import images, labels


@dataclass(frozen=True)
class Labelled:
    """A picture with a human word other than `unknown`; `group` is its own id where it has none yet."""

    id: str
    sha256: str
    pixel_hash: str | None
    phash: str | None
    status: ImageStatus
    side: Side
    group: str
    label: str
    predicted: str | None
    created_at: float


def all(db: Connection, project_id: str) -> list[Labelled]:  # noqa: A001
    """A project's labelled pictures outside the trash, exact copies included, by id."""
    return _read(db, project_id, images.c.status.in_(["ready", "duplicate"]))


def on_test(db: Connection, project_id: str) -> list[Labelled]:
    """The pictures that judge."""
    return _read(db, project_id, images.c.status == "ready", images.c.side == "test")


def answered_by(db: Connection, project_id: str, version_id: str) -> list[Labelled]:
    """Labelled pictures whose present answer is by that version."""
    c = images.c
    return _read(db, project_id, c.status == "ready", c.version_id == version_id, c.predicted.is_not(None))


def said_since(db: Connection, project_id: str, since: float | None) -> tuple[int, int]:
    """How many pictures outside the trash people gave their class after a time, and how many of them were corrected.

    The time of None is the beginning. A later one is looked up among the words, which are in order of time.
    """
    c = images.c
    mine = [c.project_id == project_id, c.trashed == false(), c.label != UNKNOWN]
    if since is not None:
        words = select(labels.c.image_id).where(labels.c.project_id == project_id, labels.c.created_at > since)
        mine += [c.id.in_(words), c.labelled_at > since]
    corrected = func.coalesce(func.sum(cast(c.corrected, Integer)), 0)
    said, wrong = db.execute(select(func.count(), corrected).where(*mine)).one()
    return int(said), int(wrong)


def _read(db: Connection, project_id: str, *conditions: ColumnElement[bool]) -> list[Labelled]:
    c = images.c
    group = func.coalesce(c.group_id, c.id)
    query = select(c.id, c.sha256, c.pixel_hash, c.phash, c.status, c.side, group, c.label, c.predicted, c.created_at)
    mine = c.project_id == project_id, c.trashed == false(), c.label != UNKNOWN
    return [rows.read(Labelled, row) for row in db.execute(query.where(*mine, *conditions).order_by(c.id))]
