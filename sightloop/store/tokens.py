"""API tokens, of which only the digest is kept."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, or_, select, update

from sightloop.core.entities import Json, User
from sightloop.core.errors import Missing
from sightloop.core.ids import new_id
from sightloop.store import rows
from sightloop.store.database import now
from sightloop.store.tables import tokens, users

SHOWN = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at")


def add(
    db: Connection, user_id: str, *, name: str, digest: str, scopes: Sequence[str], expires_at: float | None = None
) -> str:
    """Keep a token's digest; returns the id of its row."""
    values: Json = {"id": new_id(), "user_id": user_id, "name": name, "digest": digest, "scopes": list(scopes)}
    db.execute(insert(tokens).values(**values, created_at=now(db), expires_at=expires_at))
    return str(values["id"])


def by_digest(db: Connection, digest: str) -> tuple[User, tuple[str, ...]] | None:
    """Whose token this is and its scopes; None if it is revoked or too old, or its account is disabled."""
    query = select(*rows.columns(users, User), tokens.c.scopes).join(tokens, tokens.c.user_id == users.c.id)
    alive = tokens.c.revoked_at.is_(None) & or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now(db))
    row = db.execute(query.where(tokens.c.digest == digest, alive, users.c.disabled_at.is_(None))).one_or_none()
    return None if row is None else (rows.read(User, row[:-1]), tuple(row[-1]))


def all(db: Connection, user_id: str) -> list[Json]:  # noqa: A001
    """A user's tokens without their digests, the newest first."""
    query = select(*(tokens.c[name] for name in SHOWN)).where(tokens.c.user_id == user_id)
    return [dict(row._mapping) for row in db.execute(query.order_by(tokens.c.created_at.desc(), tokens.c.id.desc()))]


def revoke(db: Connection, user_id: str, *, token_id: str) -> None:
    """End a user's token now; raises Missing where it is not theirs."""
    mine = tokens.c.id == token_id, tokens.c.user_id == user_id
    if not db.execute(update(tokens).where(*mine).values(revoked_at=now(db))).rowcount:
        raise Missing(f"no token {token_id!r}.")
