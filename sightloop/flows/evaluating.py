"""Score a model that is in the registry, as a job: on the frozen test side, or on any labelled folder, ZIP or table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sightloop.core.entities import Job, Json, Project, User
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import cases, evaluation_runs
from sightloop.flows.access import project_for
from sightloop.flows.bundle_cache import predictor
from sightloop.flows.judging import judge, score
from sightloop.flows.services import Services
from sightloop.store import jobs, versions

STEPS = ("judge",)


def start(
    services: Services,
    *,
    user: User,
    name: str,
    version: str = "champion",
    path: Path | None = None,
    discard: bool = False,
) -> Job:
    """Queue the scoring of a model version; the figures will be `context["evaluation"]`.

    Args:
        version: a number, or champion, previous, challenger.
        path: labelled pictures on this machine, only read and not stored; None scores on the project's test side.
        discard: `path` is our own temporary file, removed when the job is over.

    Raises:
        Missing, Forbidden: no such project, version or path, or the role is too low.
        Rejected: no labelled picture at `path`, or a class the project does not know; names it.
    """
    project = project_for(services, user=user, name=name, action="upload" if path else "view")
    with services.db.connect() as db:
        found = versions.get(db, project.id, version)
    params: Json = {"version": found.number, "version_id": found.id}
    if path is not None:
        with cases.at(path, project):
            params |= {"path": str(path.absolute()), "discard": discard}
    with services.db.begin() as db:
        return jobs.enqueue(
            db, kind="evaluate", steps=STEPS, params=params, project_id=project.id, created_by=user.id, heavy=False
        )


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: judge every picture; the figures stay in the job and in a run, what was said of pictures in their rows.

    Raises:
        Rejected: nobody labelled a picture of the test side.
    """
    begun = evaluation_runs.begin(services, job)
    project, version = begun.project, begun.version
    with _cases(services, job, project=project) as judging:
        judged = judge(predictor(services, version.bundle), judging, project=project, report=report)
    figures = score(judged)
    evaluation_runs.end(services, begun, judged=judged, figures=figures)
    return {"evaluation": {"project": project.name, "model_version": version.number, **figures}}


@contextmanager
def _cases(services: Services, job: Job, *, project: Project) -> Iterator[Sequence[cases.Case]]:
    if "path" in job.params:
        with cases.at(Path(job.params["path"]), project) as listed:
            yield listed
        return
    found = cases.held_out(services, project)
    if not found:
        hint = "Label more pictures: about a fifth of them is kept for judging."
        raise Rejected(f"project {project.name!r} has no labelled picture on its test side.", hint=hint)
    yield found
