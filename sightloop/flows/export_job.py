"""Export as a job: a ZIP in the data folder that whoever may see the job can fetch for a day."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightloop.core.entities import Job, Json, User
from sightloop.core.errors import Conflict, Missing
from sightloop.core.ids import new_id
from sightloop.core.ports import Report
from sightloop.flows import export_forms, exporting
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.filtering import filters
from sightloop.flows.jobs import show
from sightloop.flows.services import Services
from sightloop.store import jobs

STEPS = ("export",)
KEPT = 86_400.0  # seconds after the job's end


def start(services: Services, *, user: User, name: str, chosen: Mapping[str, Any], form: str = "") -> Job:
    """Queue the export of the pictures that `chosen` (filters by name) leaves; `form` as for `exporting.stream`.

    Raises:
        Rejected: there is no such filter or form.
    """
    project = project_for(services, user=user, name=name, action="export")
    filters(chosen)
    export_forms.check(form, task=project.task)
    params = {"filters": dict(chosen), "format": form}
    with services.db.begin() as db:
        return jobs.enqueue(
            db, kind="export", steps=STEPS, params=params, project_id=project.id, created_by=user.id, heavy=False
        )


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: write the ZIP; under its name it is there whole or not at all."""
    draft = services.work_folder(job.id) / f"{new_id()}.zip"
    found = exporting.write(
        services,
        user=OPERATOR,
        name=job.project_id or "",
        path=draft,
        filters=filters(job.params["filters"]),
        form=job.params.get("format", ""),
        report=report,
    )
    target = _file(services, job.id)
    target.parent.mkdir(exist_ok=True)
    draft.replace(target)
    return found


def fetch(services: Services, *, user: User, job_id: str) -> tuple[Path, str]:
    """The file that an export job wrote, and what to call it.

    Raises:
        Missing: no such job, or none this user may see, or it wrote no file, or the file is gone after its day.
        Conflict: the export has not ended yet.
    """
    job = show(services, user=user, job_id=job_id)
    if job.kind != "export" or job.project_id is None:
        raise Missing(f"job {job_id!r} has nothing to download.", hint="Only exports have.")
    project = project_for(services, user=user, name=job.project_id, action="export")
    if job.state in ("queued", "running"):
        raise Conflict(f"export {job_id!r} is {job.state}.", current=job.state, hint="Wait until it is done.")
    path = _file(services, job.id)
    if not path.is_file():
        raise Missing(f"export {job_id!r} has no file.", hint="It is kept for a day; export again.")
    return path, f"{project.name}.zip"


def sweep(services: Services) -> None:
    """Remove exports a day after their job has ended."""
    for path in (services.data / "exports").glob("*.zip"):
        if _ended(services, path) < services.clock() - KEPT:
            path.unlink(missing_ok=True)


def _ended(services: Services, path: Path) -> float:
    try:
        with services.db.connect() as db:
            return jobs.get(db, path.stem).finished_at or services.clock()
    except Missing:
        return path.stat().st_mtime


def _file(services: Services, job_id: str) -> Path:
    return services.data / "exports" / f"{job_id}.zip"
