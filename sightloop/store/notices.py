"""Notices: what the outside is told of a project, in order, with who has got it."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from sightloop.core.entities import Json
from sightloop.store.database import now
from sightloop.store.watch_tables import notices


def add(db: Connection, *, kind: str, project_id: str | None, sentence: str, detail: Json) -> int:
    """Keep a notice in the caller's transaction; returns its number."""
    values = {"project_id": project_id, "at": now(db), "kind": kind, "sentence": sentence, "detail": detail}
    return int(db.execute(insert(notices).values(values).returning(notices.c.seq)).scalar_one())
