"""What jobs wrote, line by line, and which workers are alive."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from sightloop.core.entities import Json
from sightloop.store import rows
from sightloop.store.database import now
from sightloop.store.registry_tables import job_lines, workers


def append_log(db: Connection, job_id: str, line: str) -> None:
    """Add a line to a job's log."""
    db.execute(insert(job_lines).values(job_id=job_id, at=now(db), line=line))


def log(db: Connection, job_id: str, *, after: int = 0, limit: int = 1000) -> list[Json]:
    """A job's lines in order, each {seq, at, line}; `after` is the last seq already read."""
    c = job_lines.c
    query = select(c.seq, c.at, c.line).where(c.job_id == job_id, c.seq > after).order_by(c.seq).limit(limit)
    return [dict(row._mapping) for row in db.execute(query)]


def worker_seen(db: Connection, worker: str) -> None:
    """Record that a worker lives."""
    at = now(db)
    statement = rows.insert_or(db, workers).values(id=worker, seen_at=at)
    db.execute(statement.on_conflict_do_update(index_elements=[workers.c.id], set_={"seen_at": at}))


def workers_alive(db: Connection, *, since: float) -> list[str]:
    """The workers seen since a time."""
    return list(db.execute(select(workers.c.id).where(workers.c.seen_at >= since).order_by(workers.c.id)).scalars())
