"""Failures of versions while they answered: one row for each picture that a version broke down over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, insert, select

from sightloop.store.database import now
from sightloop.store.watch_tables import mishaps

LONGEST: Final = 300  # characters kept of what went wrong


def add(db: Connection, project_id: str, *, version_id: str, what: Sequence[str]) -> int:
    """Keep what went wrong of a version, each sentence once however often it is tried again; returns how many are new.

    Args:
        what: begins with what was asked about, so that two pictures count as two.
    """
    told = list(dict.fromkeys(one[:LONGEST] for one in what))
    c = mishaps.c
    known = set(db.execute(select(c.what).where(c.version_id == version_id, c.what.in_(told))).scalars())
    at = now(db)
    fresh = [
        {"project_id": project_id, "version_id": version_id, "at": at, "what": one} for one in told if one not in known
    ]
    if fresh:
        db.execute(insert(mishaps), fresh)
    return len(fresh)


def count(db: Connection, version_id: str, *, since: float, until: float | None = None) -> int:
    """How many failures of a version began between two times."""
    c = mishaps.c
    query = select(func.count()).where(c.version_id == version_id, c.at >= since)
    return int(db.execute(query if until is None else query.where(c.at < until)).scalar_one())


def latest(db: Connection, version_id: str) -> str | None:
    """The newest failure of a version in its words; None where there is none."""
    c = mishaps.c
    query = select(c.what).where(c.version_id == version_id).order_by(c.at.desc(), c.seq.desc()).limit(1)
    found: str | None = db.execute(query).scalar_one_or_none()
    return found
