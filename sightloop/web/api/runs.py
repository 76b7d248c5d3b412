"""A project's experiment log."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from sightloop.core.entities import Json
from sightloop.flows import runs
from sightloop.web.desk import AtDesk, Viewer
from sightloop.web.shapes import Listed, iso_times

router = APIRouter(prefix="/api/v1/projects/{project}/runs", tags=["models"])

Kind = Literal["training", "search", "trial", "evaluation", "all"]


@router.get("")
async def listing(
    project: str, user: Viewer, desk: AtDesk, job: str | None = None, kind: Kind = "training"
) -> Listed[Json]:
    """What was trained (or searched, tried, evaluated), with what and how it went, newest first; maybe of one `job`."""
    wanted = None if kind == "all" else kind
    found = await desk.ask(runs.listing, user=user, project=project, job_id=job, kind=wanted)
    return Listed(items=[iso_times(one) for one in found])


@router.get("/{run_id}")
async def show(project: str, run_id: str, user: Viewer, desk: AtDesk) -> Json:
    """One run with the points of its curves."""
    found: Json = iso_times(await desk.ask(runs.show, user=user, project=project, run_id=run_id))
    return found
