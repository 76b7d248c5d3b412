"""Ask what can be trained, for a training, or for what one would cost."""

from __future__ import annotations

import json
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.flows import training
from sightloop.web import planning, shapes
from sightloop.web.desk import Anybody, AtDesk, Trainer
from sightloop.web.job_answers import told
from sightloop.web.once import once
from sightloop.web.shapes import JobShape, Listed, Shape

router = APIRouter(prefix="/api/v1", tags=["jobs"])


class Parameter(Shape):
    """What a parameter takes; a choice with a `pattern` also takes what matches, channels are null or three numbers."""

    name: str
    about: str
    takes: Literal["int", "float", "bool", "text", "choice", "channels"]
    default: Any
    low: float | None
    high: float | None
    choices: list[str]
    pattern: str | None


class FamilyShape(Shape):
    """A family; `missing_weights` says why its defaults find no pretrained weights on this server."""

    name: str
    task: str
    about: str
    params: list[Parameter]
    missing_weights: str | None


class Training(shapes.Request):
    """A model family and its parameters; what is left out has the family's default."""

    family: str = ""
    params: Json = {}
    experiment: str = ""


@router.get("/families")
async def families(_: Anybody, desk: AtDesk) -> Listed[FamilyShape]:
    """Every model family with its parameters, their defaults and ranges."""
    return Listed(items=[FamilyShape.model_validate(one) for one in await desk.ask(training.offered)])


@router.post("/projects/{project}/trainings", status_code=202, responses={202: {"model": JobShape}})
async def train(project: str, body: Training, request: Request, user: Trainer, desk: AtDesk) -> Response:
    """Queue a training; parameters are checked before anything is queued."""

    async def carry_out() -> tuple[int, Json]:
        job = await desk.ask(
            training.start,
            user=user,
            name=project,
            family=body.family,
            params=body.params,
            experiment=body.experiment,
        )
        return 202, (await told(desk, job)).model_dump(mode="json")

    asked = [project, body.model_dump(mode="json")]
    return await once(request, desk, user=user, asked=asked, carry_out=carry_out)


@router.get("/projects/{project}/trainings/plan")
async def plan(project: str, user: Trainer, desk: AtDesk, family: str = "transfer", params: str = "{}") -> Json:
    """What a training would be: pictures per side, parameters, seconds and bytes; nothing is queued.

    `params` is a JSON object in the query string.
    """
    try:
        given = json.loads(params)
    except ValueError as error:
        raise Rejected(f"params {params[:80]!r} is not JSON.", hint='For example params={"epochs":3}.') from error
    if not isinstance(given, dict):
        raise Rejected(f"params {params[:80]!r} is not a JSON object.", hint='For example params={"epochs":3}.')
    return await planning.plan(desk, user=user, project=project, family=family, params=given)
