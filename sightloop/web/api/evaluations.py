"""Score a model version, as a job: on the project's test side, or on labelled pictures that are sent along."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from sightloop.core.entities import Json
from sightloop.flows import evaluating
from sightloop.flows.access import project_for
from sightloop.flows.checking import file_hash
from sightloop.web import shapes
from sightloop.web.archives import BODY, archive_on_disk
from sightloop.web.desk import AtDesk, Uploader, Viewer
from sightloop.web.job_answers import told
from sightloop.web.once import KEY, once
from sightloop.web.shapes import JobShape

router = APIRouter(prefix="/api/v1/projects/{project}/evaluations", tags=["models"])


class Evaluation(shapes.Request):
    """Which version to score: a number, or champion, previous, challenger."""

    version: str = "champion"


@router.post("", status_code=202, responses={202: {"model": JobShape}})
async def on_test(project: str, body: Evaluation, request: Request, user: Viewer, desk: AtDesk) -> Response:
    """Queue the scoring of a version on the test side of the labels; the figures are the job's `context.evaluation`."""

    async def carry_out() -> tuple[int, Json]:
        job = await desk.ask(evaluating.start, user=user, name=project, version=body.version)
        return 202, (await told(desk, job)).model_dump(mode="json")

    return await once(request, desk, user=user, asked=[project, body.version], carry_out=carry_out)


@router.post("/archive", status_code=202, responses={202: {"model": JobShape}}, openapi_extra=BODY)
async def on_archive(
    project: str, request: Request, user: Uploader, desk: AtDesk, version: str = "champion"
) -> Response:
    """Queue the scoring of a version on a ZIP of pictures in class folders, of which nothing is stored."""
    await desk.ask(project_for, user=user, name=project, action="upload")
    async with archive_on_disk(request, desk) as path:
        taken = False

        async def carry_out() -> tuple[int, Json]:
            nonlocal taken
            job = await desk.ask(evaluating.start, user=user, name=project, version=version, path=path, discard=True)
            taken = True
            return 202, (await told(desk, job)).model_dump(mode="json")

        sent = await desk.pool.run(partial(file_hash, path)) if KEY in request.headers else None
        answer = await once(request, desk, user=user, asked=[project, version, sent], carry_out=carry_out)
        if not taken:  # this was the second time: the first one's file is the one that counts
            await desk.pool.run(partial(path.unlink, missing_ok=True))
    return answer
