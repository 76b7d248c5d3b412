"""The rows of one project as JSON lines, for a pipeline that works on files: no e-mail address, nothing of the bin."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, LargeBinary, Select, Table, and_, false, func, insert, or_, select

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.store import rows
from sightloop.store.database import metadata
from sightloop.store.loop_tables import wanted
from sightloop.store.registry_tables import snapshots, versions
from sightloop.store.tables import embeddings, groups, images, labels, members, predictions, projects, tallies, users

BATCH: Final = 1000
TABLES: Final = (
    users, projects, members, groups, images, tallies, snapshots, versions, labels, predictions, embeddings, wanted,
)  # fmt: skip  # in an order in which each row finds what it refers to


def write(db: Connection, project_id: str, folder: Path, *, version_ids: Sequence[str]) -> list[str]:
    """Write a project's rows into the new `folder`, a file for each table, sorted by key.

    The same rows give the same bytes. Of versions only those named are written, with their snapshots and their present
    answers; people are an id and a role.

    Returns:
        The hashes of the blobs that these rows are about, sorted: pictures, masks, bundles and manifests.
    """
    folder.mkdir(parents=True)
    wheres = _wheres(project_id, version_ids)
    for table in TABLES:
        query = select(table).where(wheres[table.name]).order_by(*table.primary_key.columns)
        with (folder / f"{table.name}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_lines(db, table, query))
    return sorted(_blobs(db, wheres))


def read(db: Connection, folder: Path) -> None:
    """Read such files into a migrated database without rows; raises Rejected where it has rows or a file is missing."""
    if db.execute(select(func.count()).select_from(projects)).scalar():
        raise Rejected("the database has rows already.", hint="Give a new data folder.")
    for table in TABLES:
        path = folder / f"{table.name}.jsonl"
        if not path.is_file():
            raise Rejected(f"the export has no file {path.name}.", hint="sightloop pipeline export")
        with path.open(encoding="utf-8") as file:
            for piece in rows.chunks(file, BATCH):
                db.execute(insert(table), [_in(table, json.loads(line)) for line in piece])


def _wheres(project_id: str, version_ids: Sequence[str]) -> dict[str, Any]:
    """Which rows of each table are of the project and not in its bin."""
    here = images.c.project_id == project_id, images.c.trashed == false()
    pictures = select(images.c.id).where(*here)
    answers = select(images.c.prediction_id).where(*here, images.c.version_id.in_(version_ids))
    people = [
        select(members.c.user_id).where(members.c.project_id == project_id),
        select(images.c.uploaded_by).where(*here, images.c.uploaded_by.is_not(None)),
        select(labels.c.by).where(labels.c.project_id == project_id, labels.c.by.is_not(None)),
    ]
    taken = select(versions.c.snapshot_id).where(versions.c.id.in_(version_ids), versions.c.snapshot_id.is_not(None))
    return {
        "users": or_(*(users.c.id.in_(one) for one in people)),
        "projects": projects.c.id == project_id,
        "members": members.c.project_id == project_id,
        "groups": groups.c.project_id == project_id,
        "images": and_(*here),
        "tallies": tallies.c.project_id == project_id,
        "snapshots": snapshots.c.id.in_(taken),
        "versions": versions.c.id.in_(version_ids),
        "labels": labels.c.image_id.in_(pictures),
        "predictions": predictions.c.id.in_(answers),
        "embeddings": and_(embeddings.c.image_id.in_(pictures), embeddings.c.version_id.in_(version_ids)),
        "wanted": wanted.c.image_id.in_(pictures),
    }


def _lines(db: Connection, table: Table, query: Select[Any]) -> Iterator[str]:
    for row in db.execute(query.execution_options(yield_per=BATCH)).mappings():
        values = {name: _out(value) for name, value in row.items()} | _hidden(table, row.get("id", ""))
        yield json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


def _hidden(table: Table, key: str) -> Json:
    """What takes the place of values that nobody needs outside."""
    if table is users:
        return {"email": f"{key}@pipeline.invalid", "name": key, "password_hash": "!", "disabled_at": None}
    return {"previous_version_id": None} if table is projects else {}


def _blobs(db: Connection, wheres: dict[str, Any]) -> set[str]:
    ready = and_(wheres["images"], images.c.status == "ready")
    columns = (
        (images.c.sha256, ready),
        (images.c.mask, and_(ready, images.c.mask.is_not(None))),
        (versions.c.bundle, wheres["versions"]),
        (snapshots.c.hash, wheres["snapshots"]),
    )
    return {name for column, where in columns for name in db.execute(select(column).where(where)).scalars()}


def _out(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def _in(table: Table, row: Json) -> Json:
    """A row with its bytes as bytes; columns that the file does not know stay empty."""
    known = metadata.tables[table.name].columns
    return {
        name: base64.b64decode(value) if value is not None and isinstance(known[name].type, LargeBinary) else value
        for name, value in row.items()
        if name in known
    }
