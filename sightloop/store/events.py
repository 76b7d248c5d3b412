"""What happened to images, in order: for whatever is derived from them and follows."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from sightloop.store.tables import events


def last(db: Connection) -> int:
    """The number of the newest event, 0 where there is none."""
    return int(db.execute(select(func.coalesce(func.max(events.c.seq), 0))).scalar_one())


def since(db: Connection, seq: int, *, limit: int) -> list[tuple[int, str, str]]:
    """Up to `limit` events after number `seq`, oldest first: (number, project id, image id)."""
    c = events.c
    query = select(c.seq, c.project_id, c.image_id).where(c.seq > seq).order_by(c.seq).limit(limit)
    return [(row[0], row[1], row[2]) for row in db.execute(query)]
