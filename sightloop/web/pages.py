"""The web app at every path of its own, and the API reference: our own files, working offline under a strict policy."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sightloop.web.plain import PlainMount, PlainRoute, first_part

FOLDER = Path(__file__).parent / "static"
BUILT = FOLDER / "app"
ASK_AGAIN = "no-cache"  # a browser asks each time, so that an upgrade shows at once
FOR_EVER = "public, max-age=31536000, immutable"  # the name has a hash of what is inside


class Files(StaticFiles):
    """A folder of files that may be missing, with one word on how long a browser keeps them."""

    def __init__(self, folder: Path, *, keep: str) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._keep = keep

    async def check_config(self) -> None:
        """Nothing: what is not there is not found."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """As its parent's, with that word."""
        found = super().file_response(full_path, stat_result, scope, status_code)
        found.headers["cache-control"] = self._keep
        return found


class Page(PlainRoute):
    """Every path whose first part belongs to nobody else: the web app finds out by itself what to show there."""

    def __init__(self, show: Callable[[Request], Awaitable[Response]], *, taken: Collection[str]) -> None:
        super().__init__("/{page:path}", show)
        self._taken = taken

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """No match for what is taken, so that an unknown path of the API stays unknown."""
        if scope["type"] == "http" and first_part(scope["path"]) in self._taken:
            return Match.NONE, {}
        return super().matches(scope)


def files(built: Path) -> list[BaseRoute]:
    """The API reference, its files, and those of the web app in the folder `built`."""
    return [
        PlainRoute("/docs", _reference),
        PlainMount("/static", Files(FOLDER, keep=ASK_AGAIN)),
        PlainMount("/assets", GZipMiddleware(Files(built / "assets", keep=FOR_EVER))),
    ]


def pages(built: Path, *, taken: Collection[str]) -> list[BaseRoute]:
    """The web app in the folder `built`, at every path whose first part is not `taken`."""

    async def show(request: Request) -> Response:
        return _page(built, request.path_params.get("page", ""))

    return [PlainRoute("/", show), Page(show, taken=taken)]


async def _reference(_: Request) -> Response:
    return _file(FOLDER / "docs.html")


def _page(built: Path, name: str) -> Response:
    """The file beside the index that is called so, else the index."""
    found = next((one for one in built.glob("*.*") if one.name == name), built / "index.html")
    return _file(found) if found.is_file() else _file(FOLDER / "unbuilt.html", status=503)


def _file(path: Path, *, status: int = 200) -> Response:
    return FileResponse(path, status, headers={"cache-control": ASK_AGAIN})
