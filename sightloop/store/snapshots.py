"""Immutable data set versions of a project."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from sightloop.core.entities import Json, Snapshot
from sightloop.core.errors import Missing
from sightloop.core.splits import SIDES
from sightloop.store import rows
from sightloop.store.registry_tables import snapshots


def add(db: Connection, snapshot: Snapshot) -> Snapshot:
    """Keep a snapshot; one of the same project with the same hash is returned instead of being kept twice."""
    same = snapshots.c.project_id == snapshot.project_id, snapshots.c.hash == snapshot.hash
    row = db.execute(select(*rows.columns(snapshots, Snapshot)).where(*same).limit(1)).first()
    if row is not None:
        return rows.read(Snapshot, row)
    db.execute(insert(snapshots).values(rows.values(snapshot)))
    return snapshot


def get(db: Connection, snapshot_id: str) -> Snapshot:
    """The snapshot; raises Missing."""
    row = db.execute(select(*rows.columns(snapshots, Snapshot)).where(snapshots.c.id == snapshot_id)).one_or_none()
    if row is None:
        raise Missing(f"no snapshot {snapshot_id!r}.")
    return rows.read(Snapshot, row)


def all(db: Connection, project_id: str) -> list[Snapshot]:  # noqa: A001
    """A project's snapshots, the newest first."""
    query = select(*rows.columns(snapshots, Snapshot)).where(snapshots.c.project_id == project_id)
    return [rows.read(Snapshot, row) for row in db.execute(query.order_by(snapshots.c.created_at.desc()))]


def manifests(db: Connection) -> set[str]:
    """The blobs that snapshots of any project are made of."""
    return set(db.execute(select(snapshots.c.hash)).scalars())


def of(db: Connection, project_id: str, snapshot_id: str) -> Snapshot:
    """The snapshot, if it is of this project; raises Missing."""
    found = get(db, snapshot_id)
    if found.project_id != project_id:
        raise Missing(f"no snapshot {snapshot_id!r} in this project.")
    return found


def sides(db: Connection, snapshot_id: str) -> Json:
    """Pictures per side and class of a snapshot, without what else its counts tell."""
    return {side: classes for side, classes in get(db, snapshot_id).counts.items() if side in SIDES}
