"""One ZIP out of a request's body, as a file that the job it is for removes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import Request

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.core.ids import new_id
from sightloop.web.desk import Desk
from sightloop.web.uploads import files_on_disk

BINARY = {"schema": {"type": "string", "format": "binary"}}
BODY: Json = {
    "requestBody": {
        "required": True,
        "content": {
            "application/zip": BINARY,
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": BINARY["schema"]}, "required": ["file"]}
            },
        },
    }
}


@asynccontextmanager
async def archive_on_disk(request: Request, desk: Desk) -> AsyncIterator[Path]:
    """The ZIP of this request as a file that stays if the block ends well and is removed if not."""
    folder = desk.services.data / "imports"
    await desk.pool.run(partial(folder.mkdir, parents=True, exist_ok=True))
    path = folder / f"{new_id()}.zip"
    try:
        if request.headers.get("content-type", "").startswith("multipart/"):
            await _from_form(request, path, cap=desk.settings.max_request_bytes)
        else:
            await _from_body(request, path)
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _from_form(request: Request, path: Path, *, cap: int) -> None:
    async with files_on_disk(request.scope, request.receive, folder=path.parent, cap=cap) as received:
        if len(received.incoming) != 1:
            raise Rejected(f"{len(received.incoming)} files were sent, not one.", hint="Send one ZIP as `file`.")
        received.incoming[0].path.rename(path)


async def _from_body(request: Request, path: Path) -> None:
    with path.open("xb") as file:
        async for chunk in request.stream():
            file.write(chunk)
