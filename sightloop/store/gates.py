"""Verdicts of the gate, append-only: what was found of a version against the live one, and when."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from sightloop.core.entities import Json
from sightloop.core.ids import new_id
from sightloop.store.database import now
from sightloop.store.loop_tables import gates


def add(db: Connection, project_id: str, *, version_id: str, live_id: str, report: Json) -> Json:
    """Keep a verdict, its `report` with "verdict" in it; returns the report with its id, time and versions."""
    row: Json = {"id": new_id(), "project_id": project_id, "version_id": version_id, "live_id": live_id}
    row |= {"at": now(db), "verdict": report["verdict"], "report": report}
    db.execute(insert(gates).values(row))
    return _told(row)


def newest(db: Connection, version_id: str, *, live_id: str | None = None) -> Json | None:
    """The newest verdict on a version, against the live version given or any; None where there is none."""
    query = select(gates).where(gates.c.version_id == version_id)
    if live_id is not None:
        query = query.where(gates.c.live_id == live_id)
    row = db.execute(query.order_by(gates.c.at.desc(), gates.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else _told(dict(row))


def _told(row: Json) -> Json:
    return {**row["report"], **{name: row[name] for name in ("id", "at", "version_id", "live_id")}}
