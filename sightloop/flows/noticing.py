"""Tell the outside what happened to a project: drift, labels wanted, a training, a verdict, a promotion, a rollback."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from sightloop.core.entities import Json, User
from sightloop.core.errors import Rejected
from sightloop.core.permissions import require
from sightloop.flows.services import Services
from sightloop.store import notices
from sightloop.store.database import Connection

Kind = Literal["drift", "labels", "training", "gate", "promotion", "rollback", "test"]
MAX_PAGE: Final = 500


class Page(NamedTuple):
    """Notices, the newest first; `cursor` asks for the next page, `total` stands on the first one."""

    items: list[Json]
    cursor: str | None
    total: int | None


def tell(db: Connection, kind: Kind, *, project_id: str | None, sentence: str, detail: Json) -> None:
    """Write a notice in the caller's transaction, so that it is told if and only if what it tells has happened.

    Args:
        detail: what a machine reads of it: ids and figures, never a picture's content or an address of a person.
    """
    notices.add(db, kind=kind, project_id=project_id, sentence=sentence, detail=detail)


def listing(services: Services, *, user: User, cursor: str | None = None, limit: int = 50) -> Page:
    """Notices of all projects: {seq, at, kind, project, sentence, detail, deliveries}.

    A delivery is {target, url, tries, delivered_at, next_at, error}; `target` is a webhook's id, or "folder".

    Raises:
        Forbidden: only administrators may.
        Rejected: the cursor is damaged, or the limit does not fit.
    """
    require(user.role, "administer", what="notices")
    if not 1 <= limit <= MAX_PAGE:
        raise Rejected(f"limit {limit} does not fit.", hint=f"Use 1 to {MAX_PAGE}.")
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise Rejected(f"cursor {cursor[:40]!r} is damaged.", hint="Start again without a cursor.")
    with services.db.connect() as db:
        found = notices.page(db, before=None if cursor is None else int(cursor), limit=limit + 1)
        total = notices.count(db) if cursor is None else None
    more = len(found) > limit
    return Page(found[:limit], str(found[limit - 1]["seq"]) if more else None, total)
