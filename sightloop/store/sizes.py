"""How many bytes the stored pictures and the database take."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, func, select, text

from sightloop.core.entities import Json
from sightloop.store.database import Database
from sightloop.store.tables import images, projects

SQLITE_FILES = ("", "-wal", "-shm")


def originals(db: Connection) -> int:
    """The bytes of all pictures, those in several projects once, trashed ones too."""
    each = select(func.max(images.c.size).label("size")).group_by(images.c.sha256).subquery()
    return int(db.execute(select(func.coalesce(func.sum(each.c.size), 0))).scalar_one())


def by_project(db: Connection) -> list[Json]:
    """What each project's pictures take, trashed ones too: {name, title, images, bytes}, the largest first."""
    size = func.coalesce(func.sum(images.c.size), 0).label("bytes")
    query = select(projects.c.name, projects.c.title, func.count(images.c.id).label("images"), size)
    query = query.outerjoin(images, images.c.project_id == projects.c.id).group_by(projects.c.name, projects.c.title)
    found = db.execute(query.order_by(size.desc(), projects.c.name))
    return [{**row._mapping, "bytes": int(row.bytes)} for row in found]


def of_database(database: Database) -> int:
    """The bytes of the database: its files, or what the server says."""
    if database.dialect == "sqlite":
        files = [Path(f"{database.path}{ending}") for ending in SQLITE_FILES]
        return sum(file.stat().st_size for file in files if file.exists())
    with database.connect() as db:
        return int(db.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
