"""The application: guard in front, typed routes behind, one table of errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from sightloop import __version__
from sightloop.core.entities import Json
from sightloop.flows.services import Services
from sightloop.settings import Settings, load
from sightloop.web import errors, health, pages, protocols, routes
from sightloop.web.api import predict
from sightloop.web.desk import Desk
from sightloop.web.guard import PUBLIC, Guard
from sightloop.web.plain import PlainRoute, first_part

QUIET: Any = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}
ABOUT = """Image models that keep learning, on your own machine.

Sign in with `POST /api/v1/auth/login` (a cookie; send `X-Sightloop: 1` with everything that changes something), or
send `Authorization: Bearer <token>`. Errors are `application/problem+json`; lists are paged by `cursor`; uploads, bulk
actions and trainings take an `Idempotency-Key`."""


class Application(FastAPI):
    """FastAPI, with the fast lane described beside the routes that it finds by itself."""

    def openapi(self) -> Json:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            found = get_openapi(
                title=self.title, version=self.version, description=self.description, routes=self.routes
            )
            found["paths"] |= {predict.PATH: predict.described(), **health.described(), **protocols.described()}
            _secure(found)
            self.openapi_schema = found
        return self.openapi_schema


def create_app(services: Services, settings: Settings | None = None, *, built: Path = pages.BUILT) -> FastAPI:
    """The application over these services; `settings` are read from the environment where left out.

    Args:
        built: the folder of the built web app.
    """
    desk = Desk(services, settings or load())
    protocols.check(desk.settings)
    app = Application(
        title="Sightloop",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=QUIET,
    )
    app.state.desk = desk
    app.router.routes.insert(0, PlainRoute(predict.PATH, predict.Predict(), methods=["POST"], include_in_schema=False))
    document = PlainRoute("/openapi.json", _document)
    watched = health.Health(desk)
    app.router.routes.extend([*routes.typed(), *protocols.typed(), *watched.routes(), *protocols.probes(watched)])
    app.router.routes.extend([document, *pages.files(built)])
    taken = frozenset(first_part(route.path) for route in app.routes if isinstance(route, (Route, Mount)))
    app.router.routes.extend(pages.pages(built, taken=taken))
    errors.install(app)
    app.add_middleware(Guard, desk=desk, taken=taken)
    return app


async def _document(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


def _secure(document: Json) -> None:
    """Say in the document which routes need credentials and how errors look."""
    parts = document.setdefault("components", {})
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "sightloop_session"},
    }
    problem = {"description": "A problem.", "content": {errors.MEDIA_TYPE: {"schema": PROBLEM}}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"]["4XX"] = problem
            operation["responses"].pop("422", None)  # the framework's own form of it, which never leaves here
            if path not in PUBLIC:
                operation["security"] = [{"token": []}, {"session": []}]


PROBLEM: Json = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "request_id": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}
