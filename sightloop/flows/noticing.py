"""Tell the outside what happened to a project: drift, labels wanted, a training, a verdict, a promotion, a rollback."""

from __future__ import annotations

from typing import Literal

from sightloop.core.entities import Json
from sightloop.store import notices
from sightloop.store.database import Connection

Kind = Literal["drift", "labels", "training", "gate", "promotion", "rollback", "test"]


def tell(db: Connection, kind: Kind, *, project_id: str | None, sentence: str, detail: Json) -> None:
    """Write a notice in the caller's transaction, so that it is told if and only if what it tells has happened.

    Args:
        detail: what a machine reads of it: ids and figures, never a picture's content or an address of a person.
    """
    notices.add(db, kind=kind, project_id=project_id, sentence=sentence, detail=detail)
