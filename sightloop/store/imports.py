"""What an import read, file by file: for its report, for the leaks of a published split, and to go on after a crash."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, func, insert, select, update

from sightloop.core.entities import Json, Side
from sightloop.core.errors import Missing
from sightloop.core.ids import new_id
from sightloop.store import rows
from sightloop.store.database import now
from sightloop.store.registry_tables import import_items, imports
from sightloop.store.tables import images

Outcome = Literal["stored", "duplicate", "failed"]
LISTED: Final = 200  # failures and leaks in a report; the counts are of all


@dataclass(frozen=True)
class Item:
    """One file of an import; `side` and `label` are what the data set says of it."""

    path: str
    outcome: Outcome
    image_id: str | None = None
    side: Side | None = None
    label: str | None = None
    reason: str | None = None


def start(
    db: Connection,
    project_id: str,
    *,
    source: str,
    created_by: str | None = None,
    job_id: str | None = None,
    detail: Json | None = None,
) -> str:
    """Begin an import; returns its id. A job that goes on after a crash gets the import it began."""
    earlier = select(imports.c.id).where(imports.c.job_id == job_id, imports.c.project_id == project_id).limit(1)
    found = None if job_id is None else db.execute(earlier).scalar_one_or_none()
    if found is not None:
        return str(found)
    values: Json = {"id": new_id(), "project_id": project_id, "source": source, "created_by": created_by}
    db.execute(insert(imports).values(**values, job_id=job_id, detail=detail or {}, created_at=now(db)))
    return str(values["id"])


def add_items(db: Connection, import_id: str, items: Sequence[Item]) -> None:
    """Record files; a path recorded before is replaced."""
    if not items:
        return
    statement = rows.insert_or(db, import_items)
    kept = {name: statement.excluded[name] for name in rows.names(Item) if name != "path"}
    same = [import_items.c.import_id, import_items.c.path]
    db.execute(
        statement.on_conflict_do_update(index_elements=same, set_=kept),
        [_values(import_id, item) for item in items],
    )


def done_paths(db: Connection, import_id: str) -> set[str]:
    """The files that need not be read again."""
    query = select(import_items.c.path).where(import_items.c.import_id == import_id, import_items.c.outcome != "failed")
    return set(db.execute(query).scalars())


def finish(db: Connection, import_id: str, *, detail: Json | None = None) -> Json:
    """End an import, with `detail` merged into its own; returns its report."""
    row = _get(db, import_id)
    values = {"finished_at": now(db), "detail": row.detail | (detail or {})}
    db.execute(update(imports).where(imports.c.id == import_id).values(values))
    return report(db, import_id)


def all(db: Connection, project_id: str) -> list[Json]:  # noqa: A001
    """A project's imports, the newest first."""
    query = select(imports).where(imports.c.project_id == project_id).order_by(imports.c.created_at.desc())
    return [dict(row._mapping) for row in db.execute(query)]


def report(db: Connection, import_id: str) -> Json:
    """What an import read, ready for JSON.

    Returns:
        the row, and stored, duplicate, failed: how many; failures: [{path, reason}]; sides and labels: {name: n};
        leaks: {exact, near, labels}, each {n: pictures, found: [[{path, side, label}, …], …]}: exact copies on several
        sides, near-duplicates on several sides, and exact copies with several labels.
    """
    row = _get(db, import_id)
    found = _pictures(db, import_id)
    return {
        **row._mapping,
        **dict.fromkeys(("stored", "duplicate", "failed"), 0),
        **_count(db, import_id, import_items.c.outcome),
        "sides": _count(db, import_id, import_items.c.side),
        "labels": _count(db, import_id, import_items.c.label),
        "failures": _failures(db, import_id),
        "leaks": {
            "exact": _leaks(found, same=lambda it: it.content, differ=lambda it: it.side),
            "near": _leaks(found, same=lambda it: it.group_id, differ=lambda it: it.side),
            "labels": _leaks(found, same=lambda it: it.content, differ=lambda it: it.label),
        },
    }


def remarks(db: Connection, import_id: str) -> list[tuple[str, bool, str]]:
    """What there is to say of pictures that were taken: path, whether a word came with it, and the sentence."""
    c = import_items.c
    query = select(c.path, c.label.is_not(None), c.reason).where(c.import_id == import_id, c.reason.is_not(None))
    return [(row[0], bool(row[1]), row[2]) for row in db.execute(query.where(c.outcome != "failed").order_by(c.seq))]


def leaked(db: Connection, import_id: str) -> set[str]:
    """The images on a test side whose exact content or near-duplicate the data set also has on another side."""
    sides: dict[str, set[str]] = defaultdict(set)
    found = [it for it in _pictures(db, import_id) if it.side is not None]
    for it in found:
        sides[it.content].add(it.side)
        sides[f"group {it.group_id}"].add(it.side)
    spread = [it for it in found if len(sides[it.content] | sides[f"group {it.group_id}"]) > 1]
    return {it.image_id for it in spread if it.side == "test"}


def _values(import_id: str, item: Item) -> Json:
    reason = None if item.reason is None else rows.clean(item.reason)
    return rows.values(item) | {"import_id": import_id, "path": rows.clean(item.path), "reason": reason}


def _get(db: Connection, import_id: str) -> Row[Any]:
    row = db.execute(select(imports).where(imports.c.id == import_id)).one_or_none()
    if row is None:
        raise Missing(f"no import {import_id!r}.")
    return row


def _count(db: Connection, import_id: str, column: Any) -> dict[str, int]:
    query = select(column, func.count()).where(import_items.c.import_id == import_id, column.is_not(None))
    return {row[0]: row[1] for row in db.execute(query.group_by(column).order_by(column))}


def _failures(db: Connection, import_id: str) -> list[Json]:
    c = import_items.c
    query = select(c.path, c.reason).where(c.import_id == import_id, c.outcome == "failed").order_by(c.seq)
    return [dict(row._mapping) for row in db.execute(query.limit(LISTED))]


def _pictures(db: Connection, import_id: str) -> Sequence[Any]:
    """Rows (path, side, label, image_id, group_id, content); `content` names what exact copies share."""
    c = import_items.c
    content = func.coalesce(images.c.duplicate_of, images.c.id).label("content")
    query = select(c.path, c.side, c.label, c.image_id, images.c.group_id, content)
    return db.execute(
        query.join(images, images.c.id == c.image_id).where(c.import_id == import_id).order_by(c.seq)
    ).all()


def _leaks(found: Sequence[Any], *, same: Callable[[Any], str | None], differ: Callable[[Any], Any]) -> Json:
    together: dict[str, list[Any]] = defaultdict(list)
    for it in found:
        if (key := same(it)) is not None and differ(it) is not None:
            together[key].append(it)
    spread = [them for them in together.values() if len({differ(it) for it in them}) > 1]
    listed = [[{"path": it.path, "side": it.side, "label": it.label} for it in them] for them in spread[:LISTED]]
    return {"n": sum(map(len, spread)), "found": listed}
