"""Watches over promotions, and the answers in use that they are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, false, func, insert, or_, select, update

from sightloop.core.entities import Image, Json, Prediction
from sightloop.core.ids import new_id
from sightloop.store import rows
from sightloop.store.database import lock, now
from sightloop.store.drift import BROUGHT
from sightloop.store.outcomes import HIDDEN, SHADOW
from sightloop.store.tables import images, predictions
from sightloop.store.watch_tables import watches


@dataclass(frozen=True)
class Watch:
    """A watch over a version: `kind` "watch" or "shadow"; `state` watching, passed, rolled_back, ended or refused."""

    id: str
    project_id: str
    version_id: str
    replaced_id: str | None
    kind: str
    state: str
    began_at: float
    ended_at: float | None
    report: Json


@dataclass(frozen=True)
class Answered:
    """A version's answer in use, and the human word on the picture; `group` is its own id where it has none yet."""

    image_id: str
    group: str
    predicted: str
    confidence: float
    seconds: float
    answered_at: float
    label: str | None
    labelled_at: float | None
    action: str | None
    agreement: float | None


def begin(
    db: Connection, project_id: str, *, version_id: str, replaced_id: str | None, kind: str, report: Json
) -> Watch:
    """Start watching a version."""
    made = Watch(new_id(), project_id, version_id, replaced_id, kind, "watching", now(db), None, report)
    db.execute(insert(watches).values(rows.values(made)))
    return made


def note(db: Connection, watch: Watch, report: Json) -> None:
    """Keep what was seen last of a watch that goes on."""
    db.execute(update(watches).where(watches.c.id == watch.id, watches.c.ended_at.is_(None)).values(report=report))


def end(db: Connection, watch: Watch, *, state: str, report: Json) -> bool:
    """Close a watch; returns whether it was still open."""
    mine = watches.c.id == watch.id, watches.c.ended_at.is_(None)
    done = db.execute(update(watches).where(*mine).values(state=state, ended_at=now(db), report=report))
    return done.rowcount == 1


def get(db: Connection, watch_id: str) -> Watch | None:
    """A watch by its id; None where there is none."""
    found = db.execute(select(*rows.columns(watches, Watch)).where(watches.c.id == watch_id)).one_or_none()
    return None if found is None else rows.read(Watch, found)


def still(db: Connection, watch: Watch) -> Watch | None:
    """A watch as it is now, which nobody else looks at until this transaction ends; None where it is over."""
    lock(db, f"watch:{watch.id}")
    found = get(db, watch.id)
    return found if found and found.ended_at is None else None


def open(db: Connection, project_id: str | None = None) -> list[Watch]:  # noqa: A001
    """The watches that go on, the oldest first; of one project or of all."""
    query = select(*rows.columns(watches, Watch)).where(watches.c.ended_at.is_(None))
    query = query if project_id is None else query.where(watches.c.project_id == project_id)
    return [rows.read(Watch, row) for row in db.execute(query.order_by(watches.c.began_at, watches.c.id))]


def newest(db: Connection, project_id: str, *, limit: int) -> list[Watch]:
    """The watches of a project, the newest first."""
    c = watches.c
    query = select(*rows.columns(watches, Watch)).where(c.project_id == project_id)
    return [rows.read(Watch, row) for row in db.execute(query.order_by(c.began_at.desc(), c.id.desc()).limit(limit))]


def answers(
    db: Connection, project_id: str, *, version_id: str, since: float, until: float | None = None, limit: int
) -> list[Answered]:
    """A version's newest answer to each of the newest pictures that came in use between two times, newest first.

    Answers that were only asked for to judge are left out, and so are imported pictures: nobody took them in use.
    """
    c, p = images.c, predictions.c
    said = p.predicted, p.confidence, p.seconds, p.created_at
    query = select(c.id, c.group_id, *said, c.label, c.labelled_at, c.action, c.agreement)
    query = query.join(predictions, p.image_id == c.id).where(*_in_use(project_id), c.created_at >= since)
    query = query.where(p.version_id == version_id, p.route.not_in(HIDDEN))
    if until is not None:
        query = query.where(c.created_at < until, p.created_at < until)
    found: dict[str, Answered] = {}
    for row in db.execute(query.order_by(c.created_at.desc(), c.id.desc(), p.created_at.desc()).limit(limit)):
        found.setdefault(row[0], rows.read(Answered, (row[0], row[1] or row[0], *row[2:])))
    return list(found.values())


def used(db: Connection, project_id: str, *, limit: int, since: float = 0.0) -> list[Image]:
    """The newest pictures that came in use after a time."""
    return _newest(db, *_in_use(project_id), images.c.created_at >= since, limit=limit)


def arrivals(db: Connection, project_id: str, *, limit: int) -> list[Image]:
    """The newest pictures that came in use; where they are fewer than `limit` others fill it up."""
    found, c = used(db, project_id, limit=limit), images.c
    if len(found) < limit:
        known = {image.id for image in found}
        others = _newest(db, c.project_id == project_id, c.trashed == false(), c.status == "ready", limit=limit)
        found += [image for image in others if image.id not in known]
    return found[:limit]


def said(db: Connection, image_ids: Sequence[str], *, version_id: str) -> dict[str, tuple[str, float]]:
    """A version's newest answer to each of these pictures, whatever it was asked for: image → class and confidence."""
    found: dict[str, tuple[str, float]] = {}
    p = predictions.c
    query = select(p.image_id, p.predicted, p.confidence).order_by(p.created_at, p.id)
    for piece in rows.chunks(image_ids):
        for row in db.execute(query.where(p.image_id.in_(piece), p.version_id == version_id)):
            found[row[0]] = row[1], row[2]
    return found


def seconds(db: Connection, image_ids: Sequence[str], *, version_id: str, since: float) -> list[float]:
    """How long a version took over these pictures when it was last asked unseen, if that was after a time."""
    found: list[float] = []
    p = predictions.c
    query = select(p.seconds).where(p.version_id == version_id, p.route == SHADOW, p.created_at >= since)
    for piece in rows.chunks(image_ids):
        found += db.execute(query.where(p.image_id.in_(piece))).scalars()
    return found


def keep(db: Connection, asked: Sequence[Prediction]) -> int:
    """Keep what one version said beside the live one, instead of what it said so before; returns how many were kept.

    Pictures purged meanwhile are left out.
    """
    kept, p = 0, predictions.c
    for piece in rows.chunks(asked):
        ids = [one.image_id for one in piece]
        there = set(db.execute(select(images.c.id).where(images.c.id.in_(ids))).scalars())
        old = p.image_id.in_(ids), p.version_id == piece[0].version_id, p.route == SHADOW
        db.execute(delete(predictions).where(*old))
        fresh = [rows.values(one) | {"route": SHADOW} for one in piece if one.image_id in there]
        if fresh:
            db.execute(insert(predictions), fresh)
        kept += len(fresh)
    return kept


def answered(db: Connection, project_id: str, version_id: str) -> int:
    """How many pictures have their present answer from a version, however they came in."""
    c = images.c
    query = select(func.count()).where(c.project_id == project_id, c.version_id == version_id)
    return int(db.execute(query).scalar_one())


def _newest(db: Connection, *where: ColumnElement[bool], limit: int) -> list[Image]:
    c = images.c
    query = select(*rows.columns(images, Image)).where(*where).order_by(c.created_at.desc(), c.id.desc())
    return [rows.read(Image, row) for row in db.execute(query.limit(limit))]


def _in_use(project_id: str) -> tuple[ColumnElement[bool], ...]:
    c = images.c
    brought = or_(c.source.in_(BROUGHT), and_(c.action.is_not(None), c.action == "import"))
    return c.project_id == project_id, c.trashed == false(), c.status == "ready", ~brought
