"""In front of everything: who, from where, how much and how slowly, decided before a body is read."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightloop import telemetry
from sightloop.core.errors import SightloopError, Unauthenticated
from sightloop.core.ids import new_id
from sightloop.logs import REQUEST_ID
from sightloop.web import headers, origins
from sightloop.web.body import Body, limit_for
from sightloop.web.desk import Desk
from sightloop.web.errors import TooLarge, TooSlow, answer
from sightloop.web.old_projects import unsigned
from sightloop.web.plain import first_part

log = logging.getLogger(__name__)
access = logging.getLogger("sightloop.access")

PUBLIC = frozenset(
    {
        "/",
        "/docs",
        "/openapi.json",
        "/livez",
        "/readyz",
        "/health",
        "/ping",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/metrics",  # asks for its own token, or loopback
        "/api/v1/auth/options",
        "/api/v1/auth/register",
        "/api/v1/auth/login",
        "/api/register",
        "/api/login",
    }
)
PUBLIC_FOLDERS = ("/static/", "/assets/")
PAGE_METHODS = frozenset({"GET", "HEAD"})
ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
GONE = 499  # nginx's word for a client that left


def is_public(method: str, path: str, *, taken: Collection[str]) -> bool:
    """Whether a stranger may ask for this: what is on the list, or a page of the web app, which holds no data.

    Args:
        taken: first parts of paths that are not the web app's.
    """
    if path in PUBLIC or path.startswith(PUBLIC_FOLDERS):
        return True
    return method in PAGE_METHODS and first_part(path) not in taken


@dataclass
class Exchange:
    """One request and its answer."""

    scope: Scope
    send: Send
    body: Body
    extra: headers.Pairs
    request_id: str
    began: float = field(default_factory=time.perf_counter)
    status: int = 0
    _cut: bool = False

    async def reply(self, message: Message) -> None:
        """Send a part of the answer, with the headers that every answer carries."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            # Who refuses before the body came does not want the rest of it.
            self._cut = self.status >= 400 and not self.body.complete
            message = {**message, "headers": self._headers(message)}
        elif self._cut and not message.get("more_body", False):
            await self.send({**message, "more_body": True})
            await self.body.linger()
            message = {"type": "http.response.body", "body": b""}
        await self.send(message)

    def _headers(self, message: Message) -> headers.Pairs:
        given: headers.Pairs = list(message.get("headers", []))
        names = {name.lower() for name, _ in given}
        given += [pair for pair in self.extra if pair[0] not in names]
        if self.scope["path"].startswith("/api/") and b"cache-control" not in names:
            given.append(headers.PRIVATE)
        if self._cut:
            given.append((b"connection", b"close"))
        return given


class Guard:
    """Plain ASGI in front of the application; the web's last handler of errors."""

    def __init__(self, app: ASGIApp, desk: Desk, *, taken: Collection[str]) -> None:
        self._app = app
        self._desk = desk
        self._taken = taken
        self._trusted = frozenset(desk.settings.trusted_origins)
        self._every = headers.SECURITY + (headers.UNDER_TLS if desk.settings.secure_cookies else [])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _request_id(scope)
        REQUEST_ID.set(request_id)
        scope.setdefault("state", {})["request_id"] = request_id
        extra = [*self._every, (b"x-request-id", request_id.encode()), *origins.sharing(scope, trusted=self._trusted)]
        body = Body(scope, receive, deadline=self._desk.settings.body_deadline)
        exchange = Exchange(scope, send, body, extra, request_id)
        try:
            await self._pass(scope, exchange)
        except ClientDisconnect:
            exchange.status = GONE
        except (SightloopError, TooLarge, TooSlow) as error:
            await self._answer(exchange, error)
        except Exception as error:
            log.exception("unexpected error")
            await self._answer(exchange, error)
        finally:
            _note(exchange)

    async def _pass(self, scope: Scope, exchange: Exchange) -> None:
        allowed = origins.preflight(scope, trusted=self._trusted)
        if allowed is not None:
            await self._send(exchange, Response(status_code=204, headers=_text(allowed)))
            return
        await self._check(scope, exchange.body)
        await self._app(scope, exchange.body.receive, exchange.reply)

    async def _check(self, scope: Scope, body: Body) -> None:
        public = is_public(scope["method"], scope["path"], taken=self._taken)
        caller = None if public else await self._desk.sessions.identify(scope)
        caller = caller or (None if public else unsigned(scope, self._desk.settings))
        if caller is None and not public:
            raise Unauthenticated("nobody is signed in.", hint="Sign in, or send `Authorization: Bearer <token>`.")
        scope["state"]["caller"] = caller
        origins.refuse_forged(scope, trusted=self._trusted, by_cookie=caller is not None and caller.jti is not None)
        limit = limit_for(scope["path"], anonymous=public, largest=self._desk.settings.max_request_bytes)
        body.allow(scope, limit)

    async def _answer(self, exchange: Exchange, error: Exception) -> None:
        if exchange.status:  # the answer has begun: cutting the line is all that is left to tell the client
            raise error
        await self._send(exchange, answer(error, request_id=exchange.request_id, path=exchange.scope["path"]))

    async def _send(self, exchange: Exchange, response: Response) -> None:
        await response(exchange.scope, exchange.body.receive, exchange.reply)


def _text(pairs: headers.Pairs) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}


def _request_id(scope: Scope) -> str:
    """The id that a proxy gave this request, if it is one, else a new one."""
    given = headers.header(scope, b"x-request-id")
    return given if given is not None and ID.fullmatch(given) else new_id()


def _note(exchange: Exchange) -> None:
    """Count the request and write its line: the route's template and the user's id, nothing that a person typed."""
    scope = exchange.scope
    seconds = time.perf_counter() - exchange.began
    route: Callable[..., object] | None = scope.get("route")
    template = str(getattr(route, "path", "unmatched"))
    method = scope["method"] if scope["method"] in origins.METHODS else "OTHER"
    telemetry.observe_request(method, template, exchange.status, seconds)
    caller = scope["state"].get("caller")
    fields = {
        "method": method,
        "route": template,
        "status": exchange.status,
        "seconds": round(seconds, 4),
        "user": caller.user.id if caller else None,
    }
    access.info("%s %s %d", method, template, exchange.status, extra={"fields": fields})
