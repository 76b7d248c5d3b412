"""Score a model that is in the registry, as a job: on the frozen test side, or on any labelled folder, ZIP or table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sightloop.core.entities import Job, Json, Project, User
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import layouts, outcomes
from sightloop.flows.access import project_for
from sightloop.flows.bundle_cache import predictor
from sightloop.flows.judging import Case, judge, score, test_side
from sightloop.flows.services import Services
from sightloop.store import jobs, projects, versions

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
        with _labelled(project, path):
            params |= {"path": str(path.absolute()), "discard": discard}
    with services.db.begin() as db:
        return jobs.enqueue(
            db, kind="evaluate", steps=STEPS, params=params, project_id=project.id, created_by=user.id, heavy=False
        )


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: judge every picture; the figures stay in the job, what was said of stored pictures in their rows.

    Raises:
        Rejected: nobody labelled a picture of the test side.
    """
    with services.db.connect() as db:
        project = projects.get(db, job.project_id or "")
        version = versions.by_id(db, job.params["version_id"])
    with _cases(services, job, project=project) as cases:
        judged = judge(predictor(services, version.bundle), cases, classes=project.classes, report=report)
    figures = score(judged, project=project)
    with services.db.begin() as db:
        outcomes.keep(db, outcomes.answers(judged), project=project, version=version, at=services.clock())
    return {"evaluation": {"project": project.name, "model_version": version.number, **figures}}


@contextmanager
def _cases(services: Services, job: Job, *, project: Project) -> Iterator[Sequence[Case]]:
    if "path" in job.params:
        with _labelled(project, Path(job.params["path"])) as layout:
            yield [_case(layout, item) for item in layout.items if item.label is not None]
        return
    cases = test_side(services, project)
    if not cases:
        hint = "Label more pictures: about a fifth of them is kept for judging."
        raise Rejected(f"project {project.name!r} has no labelled picture on its test side.", hint=hint)
    yield cases


@contextmanager
def _labelled(project: Project, path: Path) -> Iterator[layouts.Layout]:
    """What lies at `path`, if all of its classes are the project's."""
    with layouts.look(path) as layout:
        strange = sorted(set(layout.classes) - set(project.classes))
        if strange or not layout.classes:
            but = f" but {strange[0]!r}" if strange else ""
            raise Rejected(
                f"{path.name!r} has no labelled pictures of project {project.name!r}{but}.",
                hint=f"Classes: {', '.join(project.classes)}.",
            )
        yield layout


def _case(layout: layouts.Layout, item: layouts.Item) -> Case:
    assert item.label is not None
    group = item.site or hashlib.sha256(item.where.encode()).hexdigest()
    return Case(lambda: layout.read(item.where), item.label, group)
