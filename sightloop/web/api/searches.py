"""Searches over a family's parameters: asked for, listed, and followed trial by trial."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from sightloop.core.entities import JobState, Json
from sightloop.flows import searching
from sightloop.web import shapes
from sightloop.web.desk import AtDesk, Trainer, Viewer
from sightloop.web.job_answers import told
from sightloop.web.once import once
from sightloop.web.shapes import Instant, JobShape, Listed, Shape, Spoken

router = APIRouter(prefix="/api/v1/projects/{project}/searches", tags=["jobs"])


class Search(shapes.Request):
    """`params` are the same in every trial; `space` says what to try of others: choices, or {low, high, log}."""

    family: str = ""
    params: Json = {}
    space: Json = {}
    trials: Annotated[int, Field(ge=1, le=searching.MOST_TRIALS)] = searching.TRIALS
    processes: Annotated[int, Field(ge=0, le=searching.MOST_PROCESSES)] = 0
    seed: Annotated[int, Field(ge=0, le=searching.SEEDS)] = 0


class Best(Shape):
    """The best trial so far."""

    number: int
    value: float


class SearchRow(Shape):
    """A search; `trials` of those `wanted` are over, `version` is the one it made."""

    job_id: str
    family: str
    state: JobState
    trials: int
    wanted: int
    best: Best | None
    version: int | None
    created_at: Instant


class Axis(Shape):
    """What is tried of one parameter: one of `choices`, or a number from `low` to `high`."""

    name: str
    kind: Literal["choice", "int", "float"]
    low: float | None
    high: float | None
    log: bool
    choices: list[Any]


class Epoch(Shape):
    """An epoch of a trial and its accuracy."""

    epoch: float
    value: float


class Trial(Shape):
    """A trial, numbered from 0: its `value` once it is over, a `reason` where it failed, `seconds` since it began."""

    number: int
    state: Literal["running", "done", "pruned", "failed"]
    params: Json
    value: float | None
    loss: float | None
    reason: Spoken | None
    seconds: float | None
    epochs: list[Epoch]


class SearchShape(Shape):
    """A search with its trials; `importance` is each parameter's share in what made trials good."""

    job_id: str
    state: JobState
    progress: float
    message: Spoken
    family: str
    measure: str
    wanted: int
    space: list[Axis]
    fixed: Json
    trials: list[Trial]
    best: int | None
    importance: dict[str, float] | None
    version: int | None
    created_at: Instant


@router.post("", status_code=202, responses={202: {"model": JobShape}})
async def search(project: str, body: Search, request: Request, user: Trainer, desk: AtDesk) -> Response:
    """Queue a search; the model of its best trial becomes a version."""

    async def carry_out() -> tuple[int, Json]:
        job = await desk.ask(searching.start, user=user, name=project, **body.model_dump())
        return 202, (await told(desk, job)).model_dump(mode="json")

    asked = [project, body.model_dump(mode="json")]
    return await once(request, desk, user=user, asked=asked, carry_out=carry_out)


@router.get("")
async def listing(project: str, user: Viewer, desk: AtDesk) -> Listed[SearchRow]:
    """The project's searches, newest first."""
    found = await desk.ask(searching.listing, user=user, project=project)
    return Listed(items=[SearchRow.model_validate(one) for one in found])


@router.get("/{job_id}")
async def show(project: str, job_id: str, user: Viewer, desk: AtDesk) -> SearchShape:
    """One search with every trial, running ones included."""
    return SearchShape.model_validate(await desk.ask(searching.show, user=user, project=project, job_id=job_id))
