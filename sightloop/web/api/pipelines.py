"""What a pipeline elsewhere works on: a project's rows and files, streamed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from sightloop.flows import pipeline_export
from sightloop.web.api.transfers import ZIP
from sightloop.web.desk import AtDesk, Trainer
from sightloop.web.shapes import Shape

router = APIRouter(prefix="/api/v1/projects/{project}/pipeline", tags=["pipelines"])

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PipelineHave(Shape):
    """The SHA-256 of the files that the other side has already."""

    have: list[Hash]


@router.post("/export", responses=ZIP, response_class=Response)
async def export(project: str, sent: PipelineHave, user: Trainer, desk: AtDesk) -> Response:
    """A ZIP of the project's rows (`rows/`, JSON lines; no e-mail address) and of the files that are not had."""
    pieces = await desk.ask(pipeline_export.stream, user=user, project=project, have=sent.have)
    return StreamingResponse(pieces, media_type="application/zip")
