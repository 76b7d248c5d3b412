"""Whole sets of pictures in and out: a ZIP to import as a job, and a streamed ZIP of a project."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.core.ids import new_id
from sightloop.flows import exporting, importing
from sightloop.flows.access import project_for
from sightloop.flows.filtering import filters
from sightloop.web.api.images import Chosen
from sightloop.web.desk import AtDesk, Exporter, Uploader
from sightloop.web.shapes import JobShape
from sightloop.web.uploads import files_on_disk

router = APIRouter(prefix="/api/v1/projects/{project}", tags=["transfers"])

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
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": BINARY}}}


@router.post("/imports", status_code=202, openapi_extra=BODY)
async def import_zip(
    project: str,
    request: Request,
    user: Uploader,
    desk: AtDesk,
    dry_run: bool = False,
    new_classes: bool = False,
    site: str | None = None,
) -> JobShape:
    """Queue the import of a ZIP of pictures in class folders; `dry_run` only writes what would happen."""
    await desk.ask(project_for, user=user, name=project, action="upload")
    folder = desk.services.data / "imports"
    await desk.pool.run(partial(folder.mkdir, parents=True, exist_ok=True))
    async with _archive(request, folder=folder, cap=desk.settings.max_request_bytes) as path:
        job = await desk.ask(
            importing.start,
            user=user,
            name=project,
            path=path,
            dry_run=dry_run,
            new_classes=new_classes,
            site=site,
            discard=True,
        )
    return JobShape.model_validate(job)


@asynccontextmanager
async def _archive(request: Request, *, folder: Path, cap: int) -> AsyncIterator[Path]:
    """The ZIP of this request as a file that stays if the block ends well and is removed if not."""
    path = folder / f"{new_id()}.zip"
    try:
        if request.headers.get("content-type", "").startswith("multipart/"):
            await _from_form(request, path, cap=cap)
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


@router.get("/export", responses=ZIP, response_class=Response)
async def export(project: str, chosen: Annotated[Chosen, Query()], user: Exporter, desk: AtDesk) -> Response:
    """A ZIP of the pictures by class, with a manifest, streamed; `X-Total-Count` says how many pictures it holds."""
    given = filters(chosen.model_dump(exclude_none=True))
    count, pieces = await desk.ask(exporting.stream, user=user, name=project, filters=given)
    headers = {"content-disposition": f'attachment; filename="{project}.zip"', "x-total-count": str(count)}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)
