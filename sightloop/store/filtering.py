"""Pages of images: filters, sort orders and opaque cursors that stay right while rows come and go."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, false, func, select, true, tuple_

from sightloop.core.entities import Image, ImageStatus, Side
from sightloop.core.errors import Rejected
from sightloop.store import rows, tallies
from sightloop.store.tables import images

SORTS: Final = {"created_at": images.c.created_at, "confidence": images.c.surety, "name": images.c.name_key}
MAX_PAGE: Final = 1000


@dataclass(frozen=True)
class Filters:
    """Which images; None does not filter. `tab` is what the library shows (`changes.tab`), `search` part of a name."""

    tab: str | None = None
    shown: str | None = None
    status: ImageStatus | None = None
    label: str | None = None
    labelled: bool | None = None
    verified: bool | None = None
    corrected: bool | None = None
    side: Side | None = None
    site: str | None = None
    source: str | None = None
    issue: str | None = None
    search: str | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    trashed: bool | None = False
    group: str | None = None
    ids: tuple[str, ...] | None = None


class Outline(NamedTuple):
    """The little of an image that choosing among very many needs; `surety` is its confidence, or below 0."""

    id: str
    shown: str | None
    verified: bool
    surety: float
    group_id: str | None


def page(
    db: Connection,
    project_id: str,
    *,
    filters: Filters,
    sort: str = "-created_at",
    cursor: str | None = None,
    limit: int,
) -> tuple[list[Image], str | None]:
    """One page of images and the cursor of the next, None at the end.

    Args:
        sort: created_at, confidence or name; a leading "-" sorts downwards.

    Raises:
        Rejected: an unknown sort order, or a cursor of another one.
    """
    column, down = _order(sort)
    query = select(images.c.id, column).where(*_conditions(project_id, filters))
    if cursor is not None:
        last = tuple_(*_opened(cursor, sort))
        query = query.where(tuple_(column, images.c.id) < last if down else tuple_(column, images.c.id) > last)
    order = (column.desc(), images.c.id.desc()) if down else (column, images.c.id)
    limit = max(1, min(limit, MAX_PAGE))
    found = db.execute(query.order_by(*order).limit(limit + 1)).all()
    more = _sealed(sort, *found[limit - 1]) if len(found) > limit else None
    return many(db, [row[0] for row in found[:limit]]), more


def many(db: Connection, ids: list[str]) -> list[Image]:
    """The images that exist among `ids`, in that order."""
    found: dict[str, Image] = {}
    for piece in rows.chunks(ids):
        for row in db.execute(select(*rows.columns(images, Image)).where(images.c.id.in_(piece))):
            found[row[0]] = Image(*row)
    return [found[name] for name in ids if name in found]


def count(db: Connection, project_id: str, filters: Filters) -> int:
    """How many images there are."""
    return db.execute(select(func.count()).select_from(images).where(*_conditions(project_id, filters))).scalar_one()


def outlines(db: Connection, project_id: str, *, filters: Filters) -> list[Outline]:
    """All images that match, the oldest first, with no more than their filter index holds: 25,000 in 40 ms."""
    c = images.c
    query = select(c.id, c.shown, c.verified, c.surety, c.group_id).where(*_conditions(project_id, filters))
    return [Outline(*row) for row in db.execute(query.order_by(c.created_at, c.id)).all()]


def counts(db: Connection, project_id: str) -> dict[str, int]:
    """How many images each tab shows, and how many the trash holds ("trash")."""
    summary = tallies.summary(db, project_id)
    return {**summary["tabs"], "trash": summary["trashed"]}


def stream(
    db: Connection, project_id: str, *, filters: Filters | None = None, sort: str = "created_at", batch: int = 500
) -> Iterator[Image]:
    """Every image, read in batches, in bounded memory."""
    cursor: str | None = None
    while True:
        found, cursor = page(
            db, project_id, filters=filters or Filters(), sort=sort, cursor=cursor, limit=min(batch, MAX_PAGE)
        )
        yield from found
        if cursor is None:
            return


def _conditions(project_id: str, filters: Filters) -> list[ColumnElement[bool]]:
    c = images.c
    found: list[ColumnElement[bool]] = [c.project_id == project_id]
    if filters.trashed is None:
        found.append(c.trashed.in_([False, True]))
    else:
        found.append(c.trashed == (true() if filters.trashed else false()))
    for name in ("tab", "shown", "status", "label", "verified", "corrected", "side", "site", "source"):
        value = getattr(filters, name)
        if value is not None:
            found.append(c[name] == value)
    return found + _further(filters)


def _further(filters: Filters) -> list[ColumnElement[bool]]:
    c = images.c
    found: list[ColumnElement[bool]] = []
    if filters.labelled is not None:
        found.append(c.label.is_not(None) if filters.labelled else c.label.is_(None))
    if filters.issue is not None:
        found.append(c.issues.contains(f",{filters.issue},", autoescape=True))
    if filters.search:
        found.append(c.name_key.contains(filters.search.casefold(), autoescape=True))
    if filters.min_confidence is not None:
        found.append(c.surety >= filters.min_confidence)
    if filters.max_confidence is not None:
        found += [c.surety <= filters.max_confidence, c.surety >= 0]
    if filters.group is not None:
        found.append(c.group_id == filters.group)
    if filters.ids is not None:
        found.append(c.id.in_(filters.ids))
    return found


def _order(sort: str) -> tuple[Any, bool]:
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise Rejected(f"unknown sort order {sort!r}.", hint=f"Use one of {', '.join(SORTS)}, or -{name} downwards.")
    return SORTS[name], sort.startswith("-")


def _sealed(sort: str, image_id: str, value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, value, image_id]).encode()).decode().rstrip("=")


def _opened(cursor: str, sort: str) -> tuple[Any, str]:
    try:
        made_for, value, image_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise Rejected(f"cursor {cursor!r} is damaged.", hint="Start again without a cursor.") from error
    if made_for != sort or not isinstance(value, str | float | int) or not isinstance(image_id, str):
        raise Rejected(f"cursor {cursor!r} belongs to another sort order than {sort!r}.", hint="Start again.")
    if isinstance(value, str) != (sort.removeprefix("-") == "name"):
        raise Rejected(f"cursor {cursor!r} is damaged.", hint="Start again without a cursor.")
    return value, image_id
