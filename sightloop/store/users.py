"""Accounts and their password hashes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select, update

from sightloop.core.entities import Role, User
from sightloop.core.errors import Conflict, Missing
from sightloop.store import rows
from sightloop.store.database import now
from sightloop.store.tables import users


def add(db: Connection, user: User, *, password_hash: str) -> User:
    """Add an account; e-mail addresses are compared in lower case. Raises Conflict where the address is taken."""
    values = rows.values(user) | {"email": user.email.strip().lower(), "password_hash": password_hash}
    statement = rows.insert_or(db, users).values(values)
    statement = statement.on_conflict_do_nothing(index_elements=[users.c.email]).returning(users.c.id)
    if db.execute(statement).first() is None:
        raise Conflict("an account with this e-mail address exists already.", hint="Sign in instead.")
    return get(db, user.id)


def get(db: Connection, user_id: str) -> User:
    """The account; raises Missing."""
    row = db.execute(select(*rows.columns(users, User)).where(users.c.id == user_id)).one_or_none()
    if row is None:
        raise Missing(f"no user {user_id!r}.")
    return rows.read(User, row)


def by_email(db: Connection, email: str) -> tuple[User, str] | None:
    """The account with this address and its password hash."""
    query = select(*rows.columns(users, User), users.c.password_hash).where(users.c.email == email.strip().lower())
    row = db.execute(query).one_or_none()
    return None if row is None else (rows.read(User, row[:-1]), row[-1])


def password_hash(db: Connection, user_id: str) -> str:
    """The password hash of an account; raises Missing."""
    found = db.execute(select(users.c.password_hash).where(users.c.id == user_id)).scalar_one_or_none()
    if found is None:
        raise Missing(f"no user {user_id!r}.")
    return str(found)


def all(db: Connection) -> list[User]:  # noqa: A001
    """Every account, the oldest first."""
    query = select(*rows.columns(users, User)).order_by(users.c.created_at, users.c.id)
    return [rows.read(User, row) for row in db.execute(query)]


def count(db: Connection) -> int:
    """How many accounts there are."""
    return db.execute(select(func.count()).select_from(users)).scalar_one()


def set_role(db: Connection, user_id: str, *, role: Role) -> User:
    """Give an account another role."""
    return _set(db, user_id, role=role)


def set_password(db: Connection, user_id: str, *, password_hash: str) -> User:
    """Replace the password hash."""
    return _set(db, user_id, password_hash=password_hash)


def disable(db: Connection, user_id: str) -> User:
    """Lock an account out; its rows stay."""
    return _set(db, user_id, disabled_at=now(db))


def enable(db: Connection, user_id: str) -> User:
    """Let an account in again."""
    return _set(db, user_id, disabled_at=None)


def _set(db: Connection, user_id: str, **values: Any) -> User:
    db.execute(update(users).where(users.c.id == user_id).values(values))
    return get(db, user_id)
