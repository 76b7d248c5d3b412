"""Labelled pictures as measures read them: a few columns of many rows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Integer, and_, cast, false, func, or_, select

from sightloop.core.entities import UNKNOWN, ImageStatus, Side
from sightloop.store import rows
from sightloop.store.loop_tables import wanted
from sightloop.store.tables import images, labels


@dataclass(frozen=True)
class Labelled:
    """A picture with a human word other than `unknown`; `group` is its own id where it has none yet.

    `mask` and `agreement` (the Dice of the live model's mask with it, 0..1) are None where no masks are drawn.
    """

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
    confidence: float | None
    mask: str | None
    agreement: float | None


def all(db: Connection, project_id: str) -> list[Labelled]:  # noqa: A001
    """A project's labelled pictures outside the trash, exact copies included, by id."""
    return _read(db, images.c.project_id == project_id, images.c.status.in_(["ready", "duplicate"]))


def on_test(db: Connection, project_id: str) -> list[Labelled]:
    """The pictures that judge."""
    return _read(db, images.c.project_id == project_id, images.c.status == "ready", images.c.side == "test")


def lately(db: Connection, project_id: str, *, since: float) -> list[Labelled]:
    """The recent test: pictures that were drawn to judge after a time, and that a human has answered."""
    c = wanted.c
    judging = select(c.image_id).where(c.project_id == project_id, c.judges, c.at >= since, c.answered_at.is_not(None))
    return _read(db, images.c.id.in_(judging), images.c.status == "ready")


def sampled(db: Connection, project_id: str, *, version_id: str, since: float) -> list[Labelled]:
    """Pictures drawn at random after a time, answered by a human, whose present answer is by that version."""
    c = wanted.c
    drawn = c.project_id == project_id, c.kind == "random", c.at >= since, c.answered_at.is_not(None)
    by = images.c.version_id == version_id, images.c.predicted.is_not(None)
    return _read(db, images.c.id.in_(select(c.image_id).where(*drawn)), images.c.status == "ready", *by)


def drawn(db: Connection, project_id: str, *, since: float = 0.0) -> list[Labelled]:
    """The pictures that were asked for at random, and that a human has answered after a time."""
    c = wanted.c
    asked = select(c.image_id).where(c.project_id == project_id, c.kind == "random", c.answered_at >= since)
    return _read(db, images.c.id.in_(asked), images.c.status == "ready")


def answered_by(db: Connection, project_id: str, version_id: str) -> list[Labelled]:
    """Labelled pictures whose present answer is by that version."""
    c = images.c
    return _read(
        db, c.project_id == project_id, c.status == "ready", c.version_id == version_id, c.predicted.is_not(None)
    )


def said_since(db: Connection, project_id: str, since: float | None) -> tuple[int, int]:
    """How many pictures outside the trash people gave their class after a time, and how many of them were corrected.

    The time of None is the beginning. A later one is looked up among the words, which are in order of time.
    """
    return _since(db, project_id, since, corrected=images.c.corrected)


def drawn_since(db: Connection, project_id: str, since: float | None) -> tuple[int, int]:
    """As `said_since`, of masks: corrected is every one that a person drew, but for those that equal the model's."""
    c = images.c
    differs = or_(c.agreement.is_(None), c.agreement < 1)
    return _since(db, project_id, since, corrected=and_(c.action == "correct", differs))


def disagreeing(db: Connection, project_id: str) -> dict[str, float]:
    """The Dice (below 1) of a human's mask with the model's, by image id, the lowest first."""
    c = images.c
    mine = c.project_id == project_id, c.trashed == false(), c.agreement < 1
    query = select(c.id, c.agreement).where(*mine).order_by(c.agreement, c.id)
    return {row.id: row.agreement for row in db.execute(query)}


def _since(db: Connection, project_id: str, since: float | None, *, corrected: ColumnElement[bool]) -> tuple[int, int]:
    c = images.c
    mine = [c.project_id == project_id]
    if since is not None:
        words = select(labels.c.image_id).where(labels.c.project_id == project_id, labels.c.created_at > since)
        mine = [c.id.in_(words), c.labelled_at > since]
    wrong = func.coalesce(func.sum(cast(corrected, Integer)), 0)
    row = db.execute(select(func.count(), wrong).where(*mine, c.trashed == false(), c.label != UNKNOWN)).one()
    return int(row[0]), int(row[1])


def _read(db: Connection, *conditions: ColumnElement[bool]) -> list[Labelled]:
    """Ids that are of one project already need no condition of it: SQLite would read the whole project for that."""
    c = images.c
    group = func.coalesce(c.group_id, c.id)
    known = c.id, c.sha256, c.pixel_hash, c.phash, c.status, c.side, group, c.label, c.predicted, c.created_at
    query = select(*known, c.confidence, c.mask, c.agreement)
    there = c.trashed == false(), c.label != UNKNOWN
    return [rows.read(Labelled, row) for row in db.execute(query.where(*conditions, *there).order_by(c.id))]
