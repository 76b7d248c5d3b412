"""Import a folder, ZIP or listing of pictures: a plan first, then a job that can be killed and run again."""

from __future__ import annotations

from pathlib import Path

from sightloop.core.entities import Job, Json, Project, User
from sightloop.core.ports import Report
from sightloop.flows import import_plan, import_report, intake, layouts, view
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import imports, jobs, projects

STEPS = ("import", "score", "describe")


def plan(services: Services, *, project: Project, path: Path) -> Json:
    """What importing `path` would do; see `import_plan.plan`."""
    del services
    return import_plan.plan(project, path)


def start(
    services: Services,
    *,
    user: User,
    name: str,
    path: Path,
    dry_run: bool = False,
    new_classes: bool = False,
    site: str | None = None,
    discard: bool = False,
) -> Job:
    """Queue the import of `path` (on this machine, only read) into the project called `name`.

    Args:
        dry_run: the job only writes its plan.
        new_classes: add classes the project does not have; without it a project that has classes refuses them.
        site: the site of every picture that names none itself.
        discard: `path` is our own temporary file, removed when the job is over, however it ended.

    Raises:
        Rejected: not a documented layout, or new classes nobody agreed to; names them.
        Missing, Forbidden: no such path or project, or the role is too low.
    """
    project = project_for(services, user=user, name=name, action="upload")
    found = import_plan.plan(project, path)
    if found["new_classes"] and not dry_run:
        import_plan.check_new_classes(found, project, agreed=new_classes)
        project_for(services, user=user, name=name, action="manage")
    params = {"path": str(path.absolute()), "dry_run": dry_run, "site": site, "discard": discard}
    with services.db.begin() as db:
        return jobs.enqueue(
            db, kind="import", steps=STEPS, params=params, project_id=project.id, created_by=user.id, heavy=False
        )


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: import in batches of one transaction each; what an earlier, killed try has done is not done again."""
    path = Path(job.params["path"])
    with services.db.connect() as db:
        project = projects.get(db, job.project_id or "")
    if job.params.get("dry_run"):
        found = import_plan.plan(project, path)
    else:
        with layouts.look(path, task=project.task) as layout:
            found = _import(services, job, report, project=project, layout=layout)
        view.sync(services, project.id)
    return {"import": found}


def _import(services: Services, job: Job, report: Report, *, project: Project, layout: layouts.Layout) -> Json:
    project, _ = import_plan.grow(services, project, import_plan.spelling(project, layout).values())
    drafts = import_plan.drafts(layout, project, site=job.params.get("site"))
    with services.db.begin() as db:
        source = Path(job.params["path"]).name
        import_id = imports.start(db, project.id, job_id=job.id, source=source, created_by=job.created_by)
    whole = intake.Whole(project, import_id, source="import", by=job.created_by)
    contents = intake.take_all(services, whole, drafts=drafts, read=layout.read, report=report)
    return import_report.write(
        services, project_id=project.id, import_id=import_id, layout=layout, drafts=drafts, contents=contents
    )
