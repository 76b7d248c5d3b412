"""All rows as JSON lines, the same from both databases: for backups, and to move from SQLite to PostgreSQL."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, LargeBinary, Table, func, insert, select, text

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.store import rows
from sightloop.store.database import metadata
from sightloop.store.migrations import revision

FORMAT: Final = 1
HEAD: Final = "dump.json"
BATCH: Final = 1000
TABLES: Final = {
    "0002": ("doubts",),
    "0003": (),
    "0004": ("mirrored",),
    "0005": ("drift_reports", "gates", "wanted"),
    "0006": ("watches", "mishaps", "notices", "webhooks", "deliveries"),
}  # what each revision brought
COLUMNS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "0003": {
        "images": ("mask", "agreement", "certainty", "action"),
        "labels": ("mask",),
        "predictions": ("figures",),
    },
    "0004": {"runs": ("parent_id", "kind")},
    "0005": {"promotions": ("detail",)},
}
OLDER: Final = ("0001", *TABLES)


def write(db: Connection, folder: Path) -> dict[str, int]:
    """Write every table into the new `folder`, as of one moment; returns how many rows each has."""
    folder.mkdir(parents=True)
    counts = {table.name: _write_table(db, table, folder / f"{table.name}.jsonl") for table in metadata.sorted_tables}
    head = {"format": FORMAT, "revision": revision(db), "tables": counts}
    _write_durably(folder / HEAD, iter([json.dumps(head, indent=1) + "\n"]))
    return counts


def read(db: Connection, folder: Path) -> dict[str, int]:
    """Read a dump into a migrated database without rows; returns how many rows each table got.

    Tables and columns that were added since the dump was made stay empty.

    Raises:
        Rejected: not a dump, one of other tables than these, a damaged one, or the database has rows.
    """
    head = _head(folder)
    if head.get("format") != FORMAT or head.get("revision") not in {*OLDER, revision(db)}:
        raise Rejected(
            f"the dump in {folder.name} has format {head.get('format')}, tables {head.get('revision')}.",
            hint="It was made by a newer Sightloop: restore it with that one.",
        )
    full = [
        table.name for table in metadata.sorted_tables if db.execute(select(func.count()).select_from(table)).scalar()
    ]
    if full:
        raise Rejected(f"the database has rows already, in {', '.join(full)}.", hint="Restore into a new database.")
    later = {name for since, names in TABLES.items() if since > head["revision"] for name in names}
    return {it.name: _read_table(db, it, folder, head) for it in metadata.sorted_tables if it.name not in later}


def _head(folder: Path) -> Json:
    try:
        head: Json = json.loads((folder / HEAD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Rejected(f"{folder.name} holds no dump: {HEAD} cannot be read.") from error
    return head


def _write_table(db: Connection, table: Table, path: Path) -> int:
    keys = table.primary_key.columns
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        for row in db.execute(select(table).order_by(*keys).execution_options(yield_per=BATCH)):
            count += 1
            yield json.dumps([_out(value) for value in row], ensure_ascii=False, separators=(",", ":")) + "\n"

    _write_durably(path, lines())
    return count


def _write_durably(path: Path, lines: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


def _read_table(db: Connection, table: Table, folder: Path, head: Json) -> int:
    count = 0
    path = folder / f"{table.name}.jsonl"
    added = [
        name for since, tables in COLUMNS.items() if since > head["revision"] for name in tables.get(table.name, ())
    ]
    names = [name for name in table.columns.keys() if name not in added]  # noqa: SIM118  not a dict
    if table.name not in head.get("tables", {}) or not path.is_file():
        raise Rejected(f"the dump in {folder.name} has no table {table.name}.", hint="Take another backup.")
    with path.open(encoding="utf-8") as file:
        for piece in rows.chunks(file, BATCH):
            db.execute(insert(table), [_in(table, json.loads(line), names=names) for line in piece])
            count += len(piece)
    if count != head["tables"][table.name]:
        raise Rejected(f"the dump of {table.name} has {count} rows, not {head['tables'][table.name]}.")
    if "seq" in table.columns and db.dialect.name == "postgresql":
        words = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'seq'), coalesce(max(seq), 0) + 1, false)"
        db.execute(text(f"{words} FROM {table.name}"))
    return count


def _out(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def _in(table: Table, values: list[Any], *, names: list[str]) -> Json:
    row = dict(zip(names, values, strict=True))
    for column in table.columns:
        if isinstance(column.type, LargeBinary) and row.get(column.name) is not None:
            row[column.name] = base64.b64decode(row[column.name])
    return row
