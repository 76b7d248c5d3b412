"""The welcome page and the API reference: our own files, so that they work offline and under a strict policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from sightloop.web.plain import PlainMount, PlainRoute

FOLDER = Path(__file__).parent / "static"


def routes() -> list[BaseRoute]:
    """The pages and their files."""
    return [
        PlainRoute("/", _page("welcome.html")),
        PlainRoute("/docs", _page("docs.html")),
        PlainMount("/static", StaticFiles(directory=FOLDER)),
    ]


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def show(_: Request) -> Response:
        return FileResponse(FOLDER / name, media_type="text/html", headers={"cache-control": "no-cache"})

    return show
