"""Model versions of a project, numbered from 1."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from sightloop.core.entities import Json, ModelVersion
from sightloop.core.errors import Missing
from sightloop.core.ids import new_id
from sightloop.store import projects, rows
from sightloop.store.database import lock, now
from sightloop.store.registry_tables import versions

ALIASES = ("champion", "previous", "challenger")


def add(
    db: Connection,
    project_id: str,
    *,
    bundle: str,
    family: str,
    params: Json,
    metrics: Json,
    snapshot_id: str | None = None,
    created_by: str | None = None,
) -> ModelVersion:
    """Register a bundle (the SHA-256 of its packed file) under the project's next number."""
    lock(db, f"versions:{project_id}")
    last = db.execute(select(func.max(versions.c.number)).where(versions.c.project_id == project_id)).scalar() or 0
    version = ModelVersion(
        id=new_id(),
        project_id=project_id,
        number=last + 1,
        bundle=bundle,
        family=family,
        params=params,
        snapshot_id=snapshot_id,
        metrics=metrics,
        created_by=created_by,
        created_at=now(db),
    )
    db.execute(insert(versions).values(rows.values(version)))
    return version


def get(db: Connection, project_id: str, ref: int | str) -> ModelVersion:
    """The version with a number, an id, or an alias: champion (live), previous, or challenger.

    The challenger is the newest version that is neither live nor previous. Raises Missing.
    """
    query = select(*rows.columns(versions, ModelVersion)).where(versions.c.project_id == project_id)
    if isinstance(ref, int) or ref.isdecimal():
        query = query.where(versions.c.number == min(int(ref), 2**31 - 1))
    elif ref in ALIASES:
        query = query.where(versions.c.id == _aliased(db, project_id, ref))
    else:
        query = query.where(versions.c.id == ref)
    row = db.execute(query).one_or_none()
    if row is None:
        raise Missing(f"no model version {ref!r} in this project.", hint=f"Use a number or {', '.join(ALIASES)}.")
    return rows.read(ModelVersion, row)


def by_id(db: Connection, version_id: str) -> ModelVersion:
    """The version with an id, whatever its project; raises Missing."""
    row = db.execute(select(*rows.columns(versions, ModelVersion)).where(versions.c.id == version_id)).one_or_none()
    if row is None:
        raise Missing(f"no model version {version_id!r}.")
    return rows.read(ModelVersion, row)


def all(db: Connection, project_id: str) -> list[ModelVersion]:  # noqa: A001
    """Every version of a project, the newest first."""
    query = select(*rows.columns(versions, ModelVersion)).where(versions.c.project_id == project_id)
    return [rows.read(ModelVersion, row) for row in db.execute(query.order_by(versions.c.number.desc()))]


def by_bundle(db: Connection, project_id: str, bundle: str) -> ModelVersion | None:
    """The project's version made of this bundle, if there is one."""
    query = select(*rows.columns(versions, ModelVersion)).where(versions.c.project_id == project_id)
    row = db.execute(query.where(versions.c.bundle == bundle).limit(1)).first()
    return None if row is None else rows.read(ModelVersion, row)


def bundles(db: Connection) -> set[str]:
    """The blobs that versions of any project are made of."""
    return set(db.execute(select(versions.c.bundle)).scalars())


def _aliased(db: Connection, project_id: str, alias: str) -> str | None:
    project = projects.get(db, project_id)
    if alias == "champion":
        return project.live_version_id
    if alias == "previous":
        return project.previous_version_id
    taken = [project.live_version_id or "", project.previous_version_id or ""]
    query = select(versions.c.id).where(versions.c.project_id == project_id, versions.c.id.not_in(taken))
    found: str | None = db.execute(query.order_by(versions.c.number.desc()).limit(1)).scalar_one_or_none()
    return found
