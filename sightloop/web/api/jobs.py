"""Long work: trainings, imports, exports and evaluations are queued here, and every job can be watched and stopped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import FileResponse

from sightloop.core.entities import JobState, Json
from sightloop.flows import export_job, jobs
from sightloop.web.api.transfers import ZIP
from sightloop.web.desk import AtDesk, Exporter, Trainer, Viewer
from sightloop.web.job_answers import told, told_all
from sightloop.web.shapes import JobShape, Listed, iso_times, without_folders

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

MAX_LISTED = 500


@router.get("")
async def listing(
    user: Viewer,
    desk: AtDesk,
    project: str | None = None,
    state: Annotated[list[JobState] | None, Query()] = None,
    kind: Annotated[list[str] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 50,
) -> Listed[JobShape]:
    """The newest jobs you may see, of one project or of all."""
    found = await desk.ask(jobs.listing, user=user, project=project, states=state, kinds=kind, limit=limit)
    return Listed(items=await told_all(desk, found))


@router.get("/{job_id}")
async def show(job_id: str, user: Viewer, desk: AtDesk) -> JobShape:
    """One job: its state, progress and message."""
    return await told(desk, await desk.ask(jobs.show, user=user, job_id=job_id))


@router.get("/{job_id}/log")
async def log(job_id: str, user: Viewer, desk: AtDesk) -> Listed[Json]:
    """What a job wrote down, oldest first."""
    found = await desk.ask(jobs.log, user=user, job_id=job_id)
    return Listed(items=[iso_times(one) | {"line": without_folders(one["line"])} for one in found])


@router.get("/{job_id}/download", responses=ZIP, response_class=FileResponse)
async def download(job_id: str, user: Exporter, desk: AtDesk) -> FileResponse:
    """The ZIP that an export wrote, whole or the bytes that `Range` asks for; it is kept for a day."""
    path, name = await desk.ask(export_job.fetch, user=user, job_id=job_id)
    return FileResponse(path, media_type="application/zip", filename=name)


@router.post("/{job_id}/cancel")
async def cancel(job_id: str, user: Trainer, desk: AtDesk) -> JobShape:
    """Ask a job to stop: at once where it waits, at its next progress report where it runs."""
    return await told(desk, await desk.ask(jobs.cancel, user=user, job_id=job_id))


@router.post("/{job_id}/retry", status_code=202)
async def retry(job_id: str, user: Trainer, desk: AtDesk) -> JobShape:
    """Queue a job that failed or was cancelled again, as a new one with the same parameters."""
    return await told(desk, await desk.ask(jobs.retry, user=user, job_id=job_id))
