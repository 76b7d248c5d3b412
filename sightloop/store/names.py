"""What people call the things that rows name by id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Connection, select

from sightloop.store import rows
from sightloop.store.registry_tables import versions
from sightloop.store.tables import projects, users


def of_users(db: Connection, ids: Iterable[str | None]) -> dict[str, str]:
    """User id → display name; the command line and the system have none."""
    return _found(db, users.c.id, users.c.name, ids)


def of_projects(db: Connection, ids: Iterable[str | None]) -> dict[str, str]:
    """Project id → name."""
    return _found(db, projects.c.id, projects.c.name, ids)


def of_versions(db: Connection, ids: Iterable[str | None]) -> dict[str, int]:
    """Model version id → number."""
    return _found(db, versions.c.id, versions.c.number, ids)


def _found(db: Connection, key: Column[Any], name: Column[Any], ids: Iterable[str | None]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for piece in rows.chunks({one for one in ids if one is not None}):
        found |= {row[0]: row[1] for row in db.execute(select(key, name).where(key.in_(piece)))}
    return found
