"""Accounts: register, sign in and out, API tokens, and who may do what."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args

import argon2

from sightloop.core.entities import Json, Role, User
from sightloop.core.errors import Conflict, Forbidden, Missing, Overloaded, Rejected, Throttled, Unauthenticated
from sightloop.core.ids import new_id
from sightloop.core.permissions import Action, require
from sightloop.flows.services import Services
from sightloop.store import sessions, tokens, users

ABSOLUTE = 12 * 3600.0  # seconds a session may live
WINDOW = 15 * 60.0  # seconds in which failures count
MAX_FAILURES = 5
MIN_PASSWORD, MAX_PASSWORD = 8, 1024  # characters
MAX_EMAIL, MAX_NAME = 254, 100
MAX_TOKEN_DAYS = 366
TOKEN_PREFIX = "sl_"  # noqa: S105  what every token begins with, so that scanners can find a leaked one
EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")
HASHING_SECONDS = 10.0  # how long a request may wait for one of the two hashing places

# The hash of a password that nobody knows, so that unknown accounts cost the same time as known ones.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$tIEJTq/qUTBoLRaOqKnaow$Sqb1wIsJ2X4y9vvDHQES4oF0Xb479iZO7PIK0K3Z8oU"

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's parameters
_places = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Ticket:
    """A session that has begun; `expires_at` is its absolute end."""

    user: User
    jti: str
    expires_at: float


def options(services: Services) -> Json:
    """What a stranger may know: {registration: open or closed, first: whether nobody has an account}."""
    with services.db.connect() as db:
        first = users.count(db) == 0
    return {"registration": "open" if services.registration_open else "closed", "first": first}


def register(services: Services, *, email: str, name: str, password: str, address: str = "") -> User:
    """Open an account; the first one becomes the administrator.

    Raises:
        Forbidden: registration is closed.
        Rejected: the e-mail address, name or password does not fit.
        Conflict: the e-mail address is taken.
        Throttled: this network address asked for taken ones too often.
    """
    if not services.registration_open:
        raise Forbidden("registration is closed.", hint="Ask an administrator for an account.")
    email, name = check_email(email), check_name(name)
    key = _failure_key("register", "", address)
    _refuse_many(services, key)
    hashed = hash_password(password, email=email)
    with services.db.begin() as db:
        taken = users.by_email(db, email) is not None
        if taken:
            sessions.note_failure(db, key)
        else:
            role: Role = services.default_role if users.count(db) else "admin"
            user = User(id=new_id(), email=email, name=name, role=role, created_at=services.clock())
            users.add(db, user, password_hash=hashed)
    if taken:
        raise Conflict(f"the e-mail address {email!r} has an account already.", hint="Sign in instead.")
    return user


def add_user(services: Services, *, email: str, name: str, password: str, role: str = "reviewer") -> User:
    """Open an account on the command line, whatever registration says.

    Raises:
        Rejected: the e-mail address, name, password or role does not fit.
        Conflict: the e-mail address is taken.
    """
    email, name = check_email(email), check_name(name)
    hashed = hash_password(password, email=email)
    user = User(id=new_id(), email=email, name=name, role=check_role(role), created_at=services.clock())
    with services.db.begin() as db:
        if users.by_email(db, email) is not None:
            raise Conflict(f"the e-mail address {email!r} has an account already.", hint="Choose another address.")
        users.add(db, user, password_hash=hashed)
    return user


def create_user(services: Services, *, user: User, email: str, name: str, password: str, role: str) -> User:
    """Open an account for somebody else, also where registration is closed.

    Raises:
        Forbidden: only administrators may.
        Rejected, Conflict: as `add_user`.
    """
    require(user.role, "administer", what="accounts")
    return add_user(services, email=email, name=name, password=password, role=role)


def login(services: Services, *, email: str, password: str, address: str) -> Ticket:
    """Begin a session; unknown accounts and wrong passwords get the same answer after the same time.

    Raises:
        Unauthenticated: no such account, a wrong password, or a disabled account.
        Throttled: five failures in 15 minutes for this account from this address.
    """
    email = email.strip().casefold()
    key = _failure_key("login", email, address)
    _refuse_many(services, key)
    with services.db.connect() as db:
        found = users.by_email(db, email)
    known = found is not None and found[0].disabled_at is None
    right = _verify(found[1] if found and known else NOBODY, password)
    with services.db.begin() as db:
        # Looked at again under the write lock: guesses made at once must not outrun the count.
        now = services.db.now(db)
        failures = sessions.failures_since(db, key, since=now - WINDOW)
        crowded = len(failures) >= MAX_FAILURES
        if found and known and right and not crowded:
            sessions.clear_failures(db, key)
            ticket = Ticket(found[0], secrets.token_urlsafe(24), now + ABSOLUTE)
            sessions.start(db, ticket.user.id, jti=ticket.jti, expires_at=ticket.expires_at)
        elif not crowded:
            sessions.note_failure(db, key)
    if crowded:
        raise _throttled(failures, now)
    if not (found and known and right):
        raise Unauthenticated("the e-mail address or the password is wrong.", hint="Check both and try again.")
    _refresh_hash(services, found[0], found[1], password)
    return ticket


def whoami(services: Services, *, jti: str) -> User:
    """Who this session belongs to; keeps it alive.

    Raises:
        Unauthenticated: it was ended, was idle for 30 minutes or is 12 hours old.
    """
    with services.db.connect() as db:
        user = sessions.lookup(db, jti)
        due = user is not None and sessions.touch_due(db, jti)
    if user is None:
        raise Unauthenticated("the session has ended.", hint="Sign in again.")
    if due:
        with services.db.begin() as db:
            sessions.touch(db, jti)
    return user


def logout(services: Services, *, jti: str) -> None:
    """End this session at once, wherever its cookie is."""
    with services.db.begin() as db:
        sessions.end(db, jti)


def change_password(services: Services, *, user: User, old: str, new: str, address: str) -> Ticket:
    """Set a new password, end every session of this user and begin a new one.

    Raises:
        Unauthenticated: the old password is wrong.
        Throttled: five failures in 15 minutes.
        Rejected: the new password does not fit.
    """
    key = _failure_key("login", user.email, address)
    _refuse_many(services, key)
    with services.db.connect() as db:
        found = users.by_email(db, user.email)
    if not _verify(found[1] if found else NOBODY, old):
        with services.db.begin() as db:
            sessions.note_failure(db, key)
        raise Unauthenticated("the old password is wrong.", hint="Check it and try again.")
    hashed = hash_password(new, email=user.email)
    with services.db.begin() as db:
        users.set_password(db, user.id, password_hash=hashed)
        sessions.end_all(db, user.id)
        ticket = Ticket(user, secrets.token_urlsafe(24), services.db.now(db) + ABSOLUTE)
        sessions.start(db, user.id, jti=ticket.jti, expires_at=ticket.expires_at)
    return ticket


def reset_password(services: Services, *, email: str, new: str) -> User:
    """Set somebody's password on the command line and end all their sessions.

    Raises:
        Missing: no such account.
        Rejected: the new password does not fit.
    """
    with services.db.connect() as db:
        found = users.by_email(db, email)
    if found is None:
        raise Missing(f"no account {email!r}.", hint="`sightloop user list` shows them.")
    hashed = hash_password(new, email=email)
    with services.db.begin() as db:
        users.set_password(db, found[0].id, password_hash=hashed)
        sessions.end_all(db, found[0].id)
    return found[0]


def create_token(
    services: Services, *, user: User, name: str, scopes: Collection[str], days: float | None = None
) -> tuple[str, Json]:
    """Make an API token; the secret is shown this once and only its hash is kept.

    Args:
        scopes: actions of `core.permissions`; the user's role limits them further.
        days: how long it is good for; None means until it is revoked.
    """
    unknown = sorted(set(scopes) - set(get_args(Action)))
    if unknown or not scopes:
        raise Rejected(f"scopes {unknown or 'are missing:'} do not fit.", hint=f"Use {', '.join(get_args(Action))}.")
    if days is not None and not 0 < days <= MAX_TOKEN_DAYS:
        raise Rejected(f"{days:g} days do not fit.", hint=f"Use 1 to {MAX_TOKEN_DAYS}.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with services.db.begin() as db:
        expires_at = None if days is None else services.db.now(db) + days * 86_400
        token_id = tokens.add(
            db, user.id, name=check_name(name), digest=_digest(secret), scopes=sorted(scopes), expires_at=expires_at
        )
        row = next(one for one in tokens.all(db, user.id) if one["id"] == token_id)
    return secret, row


def list_tokens(services: Services, *, user: User) -> Sequence[Json]:
    """The user's tokens, without secrets."""
    with services.db.connect() as db:
        return tokens.all(db, user.id)


def revoke_token(services: Services, *, user: User, token_id: str) -> None:
    """End a token at once. Raises Missing for a token of somebody else."""
    with services.db.begin() as db:
        tokens.revoke(db, user.id, token_id=token_id)


def authenticate_token(services: Services, *, secret: str) -> tuple[User, Sequence[str]]:
    """Whose token this is and what it may be used for.

    Raises:
        Unauthenticated: unknown, revoked or expired.
    """
    with services.db.connect() as db:
        found = tokens.by_digest(db, _digest(secret))
    if found is None:
        raise Unauthenticated("the token is not valid.", hint="It may be revoked or expired; make a new one.")
    return found


def list_users(services: Services, *, user: User) -> Sequence[User]:
    """Every account, for administrators."""
    require(user.role, "administer", what="accounts")
    with services.db.connect() as db:
        return users.all(db)


def set_role(services: Services, *, user: User, user_id: str, role: str) -> User:
    """Change somebody's role. Raises Conflict when the last administrator would vanish."""
    require(user.role, "administer", what="accounts")
    wanted = check_role(role)
    with services.db.begin() as db:
        _keep_an_admin(users.all(db), user_id, stays=wanted == "admin")
        users.set_role(db, user_id, role=wanted)
        return users.get(db, user_id)


def disable_user(services: Services, *, user: User, user_id: str) -> User:
    """Close an account: its sessions end at once, what it did stays. Raises Conflict for the last administrator."""
    require(user.role, "administer", what="accounts")
    with services.db.begin() as db:
        _keep_an_admin(users.all(db), user_id, stays=False)
        users.disable(db, user_id)
        sessions.end_all(db, user_id)
        return users.get(db, user_id)


def enable_user(services: Services, *, user: User, user_id: str) -> User:
    """Open a closed account again; its old sessions stay ended."""
    require(user.role, "administer", what="accounts")
    with services.db.begin() as db:
        return users.enable(db, user_id)


def check_email(email: str) -> str:
    """The address in the form in which it is stored; raises Rejected."""
    clean = email.strip().casefold()
    if len(clean) > MAX_EMAIL or not EMAIL.fullmatch(clean) or not clean.isprintable():
        raise Rejected(f"{email[:80]!r} is not an e-mail address.", hint="For example ana@example.org.")
    return clean


def check_name(name: str) -> str:
    """A name people gave; raises Rejected."""
    clean = name.strip()
    if not 1 <= len(clean) <= MAX_NAME or not clean.isprintable():
        raise Rejected(f"name {name[:80]!r} does not fit.", hint=f"Use 1 to {MAX_NAME} printable characters.")
    return clean


def check_role(role: str) -> Role:
    """The role; raises Rejected."""
    roles: dict[str, Role] = {one: one for one in get_args(Role)}
    if role not in roles:
        raise Rejected(f"no role {role!r}.", hint=f"Known roles: {', '.join(roles)}.")
    return roles[role]


def hash_password(password: str, *, email: str) -> str:
    """The argon2id hash; raises Rejected for a password that is too short, too long or the e-mail address."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Rejected("the password does not fit.", hint=f"Use {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    if password.casefold() in (email, email.partition("@")[0]):
        raise Rejected("the password is the e-mail address.", hint="Choose one that cannot be guessed.")
    with _place():
        return _hasher.hash(password)


def _verify(stored: str, password: str) -> bool:
    if len(password) > MAX_PASSWORD:
        return False
    with _place():
        try:
            return _hasher.verify(stored, password)
        except (argon2.exceptions.VerifyMismatchError, argon2.exceptions.InvalidHashError):
            return False


def _refresh_hash(services: Services, user: User, stored: str, password: str) -> None:
    if _hasher.check_needs_rehash(stored):
        with _place():
            hashed = _hasher.hash(password)
        with services.db.begin() as db:
            users.set_password(db, user.id, password_hash=hashed)


@contextmanager
def _place() -> Iterator[None]:
    """One of the two places where a password may be hashed: each takes 19 MiB and a core."""
    if not _places.acquire(timeout=HASHING_SECONDS):
        raise Overloaded("too many people are signing in at once.", hint="Try again in a few seconds.", retry_after=5)
    try:
        yield
    finally:
        _places.release()


def _refuse_many(services: Services, key: str) -> None:
    with services.db.connect() as db:
        now = services.db.now(db)
        failures = sessions.failures_since(db, key, since=now - WINDOW)
    if len(failures) >= MAX_FAILURES:
        raise _throttled(failures, now)


def _throttled(failures: Sequence[float], now: float) -> Throttled:
    """Until the oldest of the last five failures is 15 minutes old."""
    seconds = max(1, int(failures[-MAX_FAILURES] + WINDOW - now) + 1)
    return Throttled("too many failures.", hint=f"Try again in {seconds} seconds.", retry_after=seconds)


def _failure_key(what: str, email: str, address: str) -> str:
    return hashlib.sha256(f"{what}|{email}|{address}".encode("utf-8", "surrogatepass")).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _keep_an_admin(everybody: Sequence[User], user_id: str, *, stays: bool) -> None:
    admins = {one.id for one in everybody if one.role == "admin" and one.disabled_at is None}
    if not stays and admins == {user_id}:
        raise Conflict("this is the last administrator.", hint="Make somebody else administrator first.")
