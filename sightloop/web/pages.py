"""The welcome page and the API reference: our own files, so that they work offline and under a strict policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).parent / "static"


def routes() -> list[BaseRoute]:
    """The pages and their files."""
    return [
        Route("/", _page("welcome.html")),
        Route("/docs", _page("docs.html")),
        Mount("/static", StaticFiles(directory=FOLDER)),
    ]


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def show(_: Request) -> Response:
        return FileResponse(FOLDER / name, media_type="text/html", headers={"cache-control": "no-cache"})

    return show
