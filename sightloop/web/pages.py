"""The welcome page and the API reference: our own files, so that they work offline and under a strict policy."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sightloop.web.plain import PlainMount, PlainRoute

FOLDER = Path(__file__).parent / "static"


class Files(StaticFiles):
    """Files that a browser asks about again each time, so that an upgrade shows at once."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """As its parent's, to be revalidated."""
        found = super().file_response(full_path, stat_result, scope, status_code)
        found.headers["cache-control"] = "no-cache"
        return found


def routes() -> list[BaseRoute]:
    """The pages and their files."""
    return [
        PlainRoute("/", _page("welcome.html")),
        PlainRoute("/docs", _page("docs.html")),
        PlainMount("/static", Files(directory=FOLDER)),
    ]


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def show(_: Request) -> Response:
        return FileResponse(FOLDER / name, media_type="text/html", headers={"cache-control": "no-cache"})

    return show
