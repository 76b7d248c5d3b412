"""Notices: what the outside is told of a project, in order, with who has got it and who is still to get it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Select, delete, exists, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from sightloop.core.entities import Json
from sightloop.store import rows
from sightloop.store.database import now
from sightloop.store.tables import projects
from sightloop.store.watch_tables import deliveries, notices, webhooks

FOLDER: Final = "folder"  # the target that is no webhook
LEASE: Final = 60.0  # seconds after which a process that says nothing more is taken for dead
MAX_TRIES: Final = 10
COLUMNS: Final = (notices.c.seq, notices.c.at, notices.c.kind, notices.c.sentence, notices.c.detail)


@dataclass(frozen=True)
class Due:
    """A notice that a target is to get now; `tries` counts this one, `url` and `secret` are None for the folder."""

    seq: int
    at: float
    kind: str
    sentence: str
    detail: Json
    project: str | None
    target: str
    tries: int
    url: str | None
    secret: str | None


def add(db: Connection, *, kind: str, project_id: str | None, sentence: str, detail: Json) -> int:
    """Keep a notice in the caller's transaction, for everybody there is to tell; returns its number."""
    targets = [FOLDER, *db.execute(select(webhooks.c.id)).scalars()]
    return _add(db, kind=kind, project_id=project_id, sentence=sentence, detail=detail, targets=targets, due=True)


def once(db: Connection, *, kind: str, sentence: str, targets: Collection[str]) -> list[Due]:
    """Keep a notice about no project for these targets; the caller tries each now, and nobody tries again."""
    seq = _add(db, kind=kind, project_id=None, sentence=sentence, detail={}, targets=targets, due=False)
    return [rows.read(Due, row) for row in db.execute(_waiting().where(deliveries.c.notice == seq))]


def any_due(db: Connection) -> bool:
    """Whether somebody is to get something now."""
    return bool(db.execute(select(exists().where(_is_due(db)))).scalar_one())


def claim(db: Connection, *, without: Collection[str] = ()) -> Due | None:
    """Take what has waited longest, for one try; no other process gets it until `LEASE` seconds have passed.

    Args:
        without: targets that are not to be tried now.
    """
    c = deliveries.c
    query = _waiting().where(_is_due(db), c.target.not_in(list(without))).order_by(c.next_at, c.notice, c.target)
    row = db.execute(query.limit(1).with_for_update(skip_locked=True, of=deliveries)).one_or_none()
    if row is None:
        return None
    due = rows.read(Due, row)
    again = now(db) + LEASE if due.tries < MAX_TRIES else None
    db.execute(update(deliveries).where(*_same(due)).values(tries=due.tries, next_at=again))
    return due


def delivered(db: Connection, due: Due) -> None:
    """Keep that the target has got it."""
    values = {"tries": due.tries, "delivered_at": now(db), "next_at": None, "error": None}
    db.execute(update(deliveries).where(*_same(due)).values(values))


def failed(db: Connection, due: Due, *, error: str, wait: float | None) -> None:
    """Keep why a try failed; `wait` are the seconds until the next one, None where there is none."""
    values = {"tries": due.tries, "next_at": None if wait is None else now(db) + wait, "error": error}
    mine = deliveries.c.delivered_at.is_(None), deliveries.c.tries <= due.tries
    db.execute(update(deliveries).where(*_same(due), *mine).values(values))


def forget(db: Connection, target: str) -> int:
    """Give up what a target has not got yet; returns how many notices."""
    pending = deliveries.c.target == target, deliveries.c.delivered_at.is_(None)
    return db.execute(delete(deliveries).where(*pending)).rowcount


def page(db: Connection, *, before: int | None = None, limit: int) -> list[Json]:
    """Up to `limit` notices with a number below `before`, the newest first, each with its `deliveries`."""
    query = select(*COLUMNS, projects.c.name.label("project")).outerjoin(
        projects, projects.c.id == notices.c.project_id
    )
    if before is not None:
        query = query.where(notices.c.seq < before)
    found = [dict(row._mapping) for row in db.execute(query.order_by(notices.c.seq.desc()).limit(limit))]
    told = _deliveries(db, [one["seq"] for one in found])
    return [{**one, "deliveries": told.get(one["seq"], [])} for one in found]


def count(db: Connection) -> int:
    """How many notices are kept."""
    return int(db.execute(select(func.count()).select_from(notices)).scalar_one())


def trim(db: Connection, *, before: float) -> int:
    """Forget notices older than `before` (seconds since 1970) that nobody is still to get; returns how many."""
    c = deliveries.c
    waits = exists().where(c.notice == notices.c.seq, c.next_at.is_not(None))
    return db.execute(delete(notices).where(notices.c.at < before, ~waits)).rowcount


def _add(
    db: Connection,
    *,
    kind: str,
    project_id: str | None,
    sentence: str,
    detail: Json,
    targets: Collection[str],
    due: bool,
) -> int:
    at = now(db)
    values = {"project_id": project_id, "at": at, "kind": kind, "sentence": sentence, "detail": detail}
    seq = int(db.execute(insert(notices).values(values).returning(notices.c.seq)).scalar_one())
    next_at = at if due else None
    db.execute(insert(deliveries), [{"notice": seq, "target": one, "tries": 0, "next_at": next_at} for one in targets])
    return seq


def _is_due(db: Connection) -> ColumnElement[bool]:
    return deliveries.c.next_at <= now(db)


def _waiting() -> Select[tuple[object, ...]]:
    """The columns of `Due`, in its order."""
    c = deliveries.c
    columns = (*COLUMNS, projects.c.name, c.target, c.tries + 1, webhooks.c.url, webhooks.c.secret)
    query = select(*columns).select_from(deliveries).join(notices, notices.c.seq == c.notice)
    query = query.outerjoin(projects, projects.c.id == notices.c.project_id)
    return query.outerjoin(webhooks, webhooks.c.id == c.target)


def _same(due: Due) -> tuple[ColumnElement[bool], ...]:
    return deliveries.c.notice == due.seq, deliveries.c.target == due.target


def _deliveries(db: Connection, seqs: Sequence[int]) -> dict[int, list[Json]]:
    c = deliveries.c
    query = select(c.notice, c.target, webhooks.c.url, c.tries, c.delivered_at, c.next_at, c.error)
    query = query.outerjoin(webhooks, webhooks.c.id == c.target).where(c.notice.in_(seqs))
    found: dict[int, list[Json]] = {}
    for row in db.execute(query.order_by(c.target)):
        seq, *values = row
        names = ("target", "url", "tries", "delivered_at", "next_at", "error")
        found.setdefault(seq, []).append(dict(zip(names, values, strict=True)))
    return found
