"""From which version another one went on."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from sightloop.store import projects, versions
from sightloop.store.registry_tables import runs


def origins(db: Connection, project_id: str) -> dict[str, str]:
    """The version that was live when a version's training began, by its id; first ones have none.

    A version that was trained elsewhere, and so has no run here, began when it was listed.
    """
    made = runs.c.project_id == project_id, runs.c.kind == "training", runs.c.version_id.is_not(None)
    query = select(runs.c.version_id, func.min(runs.c.started_at)).where(*made).group_by(runs.c.version_id)
    began = {row[0]: row[1] for row in db.execute(query)}
    log = projects.promotions(db, project_id)
    found: dict[str, str] = {}
    for one in versions.all(db, project_id):
        at = began.get(one.id, one.created_at)
        live = next((row.version_id for row in log if row.created_at <= at and row.version_id != one.id), None)
        found |= {one.id: live} if live else {}
    return found
