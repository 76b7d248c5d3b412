"""Who is asking: a session cookie or a bearer token, looked up at most once a second."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeVar

import jwt
from starlette.responses import Response
from starlette.types import Scope

from sightloop.core.entities import User
from sightloop.core.errors import Forbidden, Unauthenticated
from sightloop.core.permissions import Action
from sightloop.flows import accounts
from sightloop.flows.services import Services
from sightloop.web.brief import Brief
from sightloop.web.headers import all_headers, header
from sightloop.web.pool import Pool

ALGORITHM = "HS256"
AUDIENCE = "sightloop"
CLAIMS = ["exp", "iat", "sub", "jti", "aud"]
MAX_CREDENTIAL = 4096  # characters

T = TypeVar("T")


@dataclass(frozen=True)
class Caller:
    """Who is signed in; `jti` names the session, `scopes` limit an API token, one of the two is set."""

    user: User
    jti: str | None
    scopes: frozenset[str] | None

    def need(self, action: Action) -> None:
        """Raise Forbidden where a token was not made for `action`; roles are judged by the flows."""
        if self.scopes is not None and action not in self.scopes:
            raise Forbidden(f"this token has no scope {action!r}.", hint=f"Make a token with the scope {action!r}.")

    def need_session(self) -> str:
        """The session's jti; raises Forbidden for tokens, which must not make themselves stronger."""
        if self.jti is None:
            raise Forbidden("an API token may not do this.", hint="Sign in with your password.")
        return self.jti


class Sessions:
    """Makes and reads credentials for one application."""

    def __init__(self, services: Services, pool: Pool, *, secure: bool) -> None:
        self._services = services
        self._pool = pool
        self._secure = secure
        self._callers: Brief[str, Caller] = Brief(1.0)
        self.cookie = "__Host-sightloop" if secure else "sightloop_session"

    async def identify(self, scope: Scope) -> Caller | None:
        """The caller, or None where no credentials were sent; raises Unauthenticated for bad ones."""
        bearer = header(scope, b"authorization")
        if bearer is not None:
            kind, _, secret = bearer.partition(" ")
            if kind.lower() != "bearer" or not secret or len(secret) > MAX_CREDENTIAL:
                raise Unauthenticated("the Authorization header does not fit.", hint="Use `Bearer <token>`.")
            return await self._by_token(secret.strip())
        token = self._cookie_of(scope)
        return await self._by_session(self._read(token)) if token else None

    def set_cookie(self, response: Response, ticket: accounts.Ticket) -> None:
        """Hand the session over in a cookie that no script can read."""
        seconds = max(0, int(ticket.expires_at - self._services.clock()))
        response.set_cookie(
            self.cookie, self.write(ticket), seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def clear_cookie(self, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    def write(self, ticket: accounts.Ticket) -> str:
        """The ticket as a signed JWT."""
        claims = {
            "sub": ticket.user.id,
            "jti": ticket.jti,
            "iat": int(self._services.clock()),
            "exp": int(ticket.expires_at),
            "aud": AUDIENCE,
        }
        return jwt.encode(claims, self._services.secret, algorithm=ALGORITHM)

    def forget(self) -> None:
        """Make the next request of everybody ask the database: somebody's rights were changed here."""
        self._callers.forget()

    def _cookie_of(self, scope: Scope) -> str | None:
        jar: SimpleCookie = SimpleCookie()
        try:
            for line in all_headers(scope, b"cookie"):
                jar.load(line)
        except CookieError:
            return None
        found = jar.get(self.cookie)
        return found.value if found and found.value else None

    def _read(self, token: str) -> str:
        """The jti inside a cookie's JWT."""
        if len(token) > MAX_CREDENTIAL:
            raise Unauthenticated("the session cookie does not fit.", hint="Sign in again.")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._services.secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                options={"require": CLAIMS},
            )
        except jwt.InvalidTokenError as error:
            raise Unauthenticated("the session has ended.", hint="Sign in again.") from error
        return str(claims["jti"])

    async def _by_session(self, jti: str) -> Caller:
        async def ask() -> Caller:
            user = await self._run(partial(accounts.whoami, self._services, jti=jti))
            return Caller(user, jti, None)

        return await self._callers.get(f"session:{jti}", ask)

    async def _by_token(self, secret: str) -> Caller:
        async def ask() -> Caller:
            user, scopes = await self._run(partial(accounts.authenticate_token, self._services, secret=secret))
            return Caller(user, None, frozenset(scopes))

        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        return await self._callers.get(f"token:{digest}", ask)

    async def _run(self, call: Callable[[], T]) -> T:
        return await self._pool.run(call)
