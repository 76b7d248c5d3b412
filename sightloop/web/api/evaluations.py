"""Score a model version, as a job: on the project's test side, or on labelled pictures that are sent along."""

from __future__ import annotations

from fastapi import APIRouter, Request

from sightloop.flows import evaluating
from sightloop.flows.access import project_for
from sightloop.web import shapes
from sightloop.web.archives import BODY, archive_on_disk
from sightloop.web.desk import AtDesk, Uploader, Viewer
from sightloop.web.shapes import JobShape

router = APIRouter(prefix="/api/v1/projects/{project}/evaluations", tags=["models"])


class Evaluation(shapes.Request):
    """Which version to score: a number, or champion, previous, challenger."""

    version: str = "champion"


@router.post("", status_code=202)
async def on_test(project: str, body: Evaluation, user: Viewer, desk: AtDesk) -> JobShape:
    """Queue the scoring of a version on the test side of the labels; the figures are the job's `context.evaluation`."""
    job = await desk.ask(evaluating.start, user=user, name=project, version=body.version)
    return JobShape.model_validate(job)


@router.post("/archive", status_code=202, openapi_extra=BODY)
async def on_archive(
    project: str, request: Request, user: Uploader, desk: AtDesk, version: str = "champion"
) -> JobShape:
    """Queue the scoring of a version on a ZIP of pictures in class folders, of which nothing is stored."""
    await desk.ask(project_for, user=user, name=project, action="upload")
    async with archive_on_disk(request, desk) as path:
        job = await desk.ask(evaluating.start, user=user, name=project, version=version, path=path, discard=True)
    return JobShape.model_validate(job)
