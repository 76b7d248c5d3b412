"""Let the live model learn on, from what is there or with a ZIP, or ask whether it would by itself."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from sightloop.core.entities import Json
from sightloop.flows import policy, relearning, retraining
from sightloop.flows.access import project_for
from sightloop.web import shapes
from sightloop.web.archives import BODY, archive_on_disk
from sightloop.web.desk import AtDesk, Trainer, Uploader, Viewer
from sightloop.web.job_answers import told
from sightloop.web.once import once
from sightloop.web.policy_shapes import PolicyShape
from sightloop.web.shapes import JobShape

router = APIRouter(prefix="/api/v1/projects/{project}/retrain", tags=["jobs"])


class Retraining(shapes.Request):
    """`force` trains although fewer labels are new than the project wants."""

    force: bool = False


@router.post("", status_code=202, responses={202: {"model": JobShape}})
async def retrain(
    project: str, request: Request, user: Trainer, desk: AtDesk, body: Retraining | None = None
) -> Response:
    """Queue a training that goes on from the live model with what people said since; 409 says how much is missing."""
    force = body.force if body else False

    async def carry_out() -> tuple[int, Json]:
        job = await desk.ask(retraining.start, user=user, name=project, force=force)
        return 202, (await told(desk, job)).model_dump(mode="json")

    return await once(request, desk, user=user, asked=[project, force], carry_out=carry_out)


@router.get("")
async def would_retrain(project: str, user: Viewer, desk: AtDesk) -> PolicyShape:
    """Whether the project would learn again by itself now, by which rule, and what is missing; nothing is queued."""
    return PolicyShape.model_validate(await desk.ask(policy.decide, user=user, project=project))


@router.post("/archive", status_code=202, responses={202: {"model": JobShape}}, openapi_extra=BODY)
async def retrain_from_zip(project: str, request: Request, user: Trainer, _: Uploader, desk: AtDesk) -> Response:
    """Queue one job that takes in a ZIP of pictures in class folders and learns on; what was there stays."""
    await desk.ask(project_for, user=user, name=project, action="train")

    async def carry_out() -> tuple[int, Json]:
        async with archive_on_disk(request, desk) as path:
            job = await desk.ask(relearning.retrain, user=user, name=project, archive=path)
        return 202, (await told(desk, job)).model_dump(mode="json")

    asked = [project, request.headers.get("content-length")]
    return await once(request, desk, user=user, asked=asked, carry_out=carry_out)
