"""Whole sets of pictures in and out: a ZIP to import, and a ZIP of a project, streamed now or written by a job."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from sightloop.core.entities import Json
from sightloop.flows import export_job, exporting, importing
from sightloop.flows.access import project_for
from sightloop.flows.filtering import filters
from sightloop.web.api.images import Chosen
from sightloop.web.archives import BINARY, BODY, archive_on_disk
from sightloop.web.desk import AtDesk, Exporter, Uploader
from sightloop.web.job_answers import told
from sightloop.web.once import once
from sightloop.web.shapes import JobShape

router = APIRouter(prefix="/api/v1/projects/{project}", tags=["transfers"])

Form = Annotated[exporting.Format | None, Query(alias="format")]
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
    async with archive_on_disk(request, desk) as path:
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
    return await told(desk, job)


@router.get("/export", responses=ZIP, response_class=Response)
async def export(
    project: str, chosen: Annotated[Chosen, Query()], user: Exporter, desk: AtDesk, form: Form = None
) -> Response:
    """A ZIP of the pictures by class, with a manifest, streamed; `X-Total-Count` says how many pictures it holds.

    Of a project that segments, pictures and the masks people drew: `format` masks (PNG; as without), coco or yolo.
    """
    given = filters(chosen.model_dump(exclude_none=True))
    count, pieces = await desk.ask(exporting.stream, user=user, name=project, filters=given, form=form or "")
    headers = {"content-disposition": f'attachment; filename="{project}.zip"', "x-total-count": str(count)}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


@router.post("/exports", status_code=202, responses={202: {"model": JobShape}})
async def export_later(
    project: str,
    chosen: Annotated[Chosen, Query()],
    request: Request,
    user: Exporter,
    desk: AtDesk,
    form: Form = None,
) -> Response:
    """Queue the same ZIP as a job; `GET /api/v1/jobs/{job_id}/download` gives it until a day after the job's end."""
    given = chosen.model_dump(exclude_none=True)

    async def carry_out() -> tuple[int, Json]:
        job = await desk.ask(export_job.start, user=user, name=project, chosen=given, form=form or "")
        return 202, (await told(desk, job)).model_dump(mode="json")

    return await once(request, desk, user=user, asked=[project, given, form], carry_out=carry_out)
