"""Is it alive, is it ready, what is it doing: for machines that watch."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import partial

from anyio import CapacityLimiter, fail_after, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute

from sightloop import __version__, telemetry
from sightloop.core.entities import Json
from sightloop.core.errors import Forbidden, SightloopError
from sightloop.flows import auditing, drift_standing, jobs, status
from sightloop.flows.services import Services
from sightloop.web.brief import Brief
from sightloop.web.desk import Desk
from sightloop.web.plain import PlainRoute

SAYS = {
    "/livez": ("application/json", "The process answers; touches nothing else."),
    "/readyz": ("application/json", "Database, storage and model runtime work; 503 where not, and while draining."),
    "/health": ("application/json", "As `/readyz`, with the version."),
    "/ping": ("text/plain", "Answers `pong`."),
    "/metrics": ("text/plain", "Figures for Prometheus: for this machine, or with `Authorization: Bearer <token>`."),
}
MINUTE = 60.0  # seconds for which a figure stands that takes reading labels and snapshots
PATIENCE = 3.0  # seconds after which a part that does not answer counts as down
LOOPBACK = frozenset({"127.0.0.1", "::1"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Health:
    """The answers to probes; each part is looked at once a second at most, in threads of its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._limiter = CapacityLimiter(4)
        self._seen: Brief[str, Json] = Brief(1.0)
        self._slow: Brief[str, Json] = Brief(MINUTE)

    def routes(self) -> list[BaseRoute]:
        """The routes outside /api."""
        return [
            PlainRoute("/livez", self.live),
            PlainRoute("/readyz", self.ready),
            PlainRoute("/health", self.health),
            PlainRoute("/ping", self.ping),
            PlainRoute("/metrics", self.metrics),
        ]

    async def live(self, _: Request) -> Response:
        """The process answers; touches nothing else."""
        return JSONResponse({"status": "ok"})

    async def ping(self, _: Request) -> Response:
        """As `live`, in one word."""
        return PlainTextResponse("pong")

    async def ready(self, _: Request) -> Response:
        """Whether to send requests here: database, storage and model runtime work, and nobody asked to stop."""
        return await self._report({})

    async def _report(self, extra: Json) -> Response:
        parts = await self._seen.get("parts", self._look)
        good = all(part["status"] == "ok" for part in parts.values()) and not self._desk.draining
        state = "draining" if self._desk.draining else "ok" if good else "failed"
        headers = {"cache-control": "no-store"} | ({} if good else {"retry-after": "5"})
        return JSONResponse({"status": state, **extra, "checks": parts}, 200 if good else 503, headers)

    async def health(self, _: Request) -> Response:
        """As `ready`, with the version."""
        return await self._report({"version": __version__})

    async def metrics(self, request: Request) -> Response:
        """Prometheus figures, for this machine or for who has the token."""
        _refuse_strangers(request, token=self._desk.settings.metrics_token)
        count = partial(_jobs, self._desk.services)
        telemetry.set_jobs((await self._seen.get("jobs", lambda: self._check(count))).get("states", {}))
        await self._seen.get("drift", lambda: self._check(partial(_drift, self._desk.services)))
        await self._slow.get("accuracy", lambda: self._check(partial(_accuracy, self._desk.services)))
        return Response(telemetry.render(), headers={"content-type": telemetry.CONTENT_TYPE})

    async def _look(self) -> Json:
        services = self._desk.services
        checks: dict[str, Callable[[], str]] = {
            "database": partial(status.database, services),
            "storage": partial(status.storage, services),
            "model": partial(status.runtime, services, bound=self._desk.settings.queue_bound),
        }
        return {name: await self._check(partial(_sound, check)) for name, check in checks.items()}

    async def _check(self, check: Callable[[], Json]) -> Json:
        try:
            with fail_after(PATIENCE):
                found = await to_thread.run_sync(check, limiter=self._limiter, abandon_on_cancel=True)
        except SightloopError as error:
            return {"status": "failed", "reason": error.message}
        except TimeoutError:
            return {"status": "failed", "reason": f"no answer within {PATIENCE:g} s."}
        return {"status": "ok", **found}


def described() -> Json:
    """The OpenAPI paths of the probes."""
    return {
        path: {
            "get": {
                "tags": ["service"],
                "summary": path.strip("/"),
                "description": says,
                "operationId": path.strip("/"),
                "responses": {
                    "200": {"description": says, "content": {kind: {"schema": {}}}},
                    "503": {"description": "Not now."},
                },
            }
        }
        for path, (kind, says) in SAYS.items()
    }


def _sound(check: Callable[[], str]) -> Json:
    """Nothing but that the part works: its figures are for people who signed in."""
    check()
    return {}


def _drift(services: Services) -> Json:
    drift_standing.tell(services)
    return {}


def _accuracy(services: Services) -> Json:
    auditing.tell(services)
    return {}


def _jobs(services: Services) -> Json:
    return {"states": jobs.counts(services)}


def _refuse_strangers(request: Request, *, token: str | None) -> None:
    given = request.headers.get("authorization", "")
    if token is not None and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return
    here = request.client is not None and request.client.host in LOOPBACK
    if not here or any(name in request.headers for name in FORWARDED):
        raise Forbidden("metrics are for this machine, or for who has the token.", hint="Set SIGHTLOOP_METRICS_TOKEN.")
