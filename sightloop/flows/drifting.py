"""Check whether what comes in is still what the live model learnt from, keep what was found, and tell it."""

from __future__ import annotations

from sightloop.core.entities import Job, Json, Project, User
from sightloop.core.errors import Missing
from sightloop.core.ports import Report
from sightloop.flows import drift_keeping, drift_testing
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.drift_waiting import may_be_enough, waiting
from sightloop.flows.services import Services
from sightloop.store import drift, jobs, projects
from sightloop.store.database import Connection

STEPS = ("drift",)


def check(services: Services, *, user: User, project: str, report: Report | None = None) -> Json:
    """Compare what came in since the last check with the live version's held-out pictures, and keep the report.

    A report of drift that only labels can tell the meaning of asks for them; every alarm is told to the outside.

    Returns:
        The report; see `show`. Without "id", and nothing kept, where there is no live version, or too little came in:
        {id None, alarm False, kind "none", n, sentence}.

    Raises:
        Missing, Forbidden: no such project, or the role is below maintainer.
    """
    target = project_for(services, user=user, name=project, action="train")
    with services.db.connect() as db:
        found = waiting(db, target)
    if isinstance(found, str):
        return _untested(found)
    if not found.enough:
        return _untested(found.sentence, n=len(found.window))
    told = drift_testing.tested(services, target, found, report=report)
    if isinstance(told, str):
        return _untested(told, n=len(found.window))
    return drift_keeping.keep(services, target, told)


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: check the job's project; gives {"drift": {id, alarm, kind, n, sentence}}."""
    found = check(services, user=OPERATOR, project=job.project_id or "", report=report)
    return {"drift": {name: found[name] for name in ("id", "alarm", "kind", "n", "sentence")}}


def start(services: Services, *, user: User, name: str) -> Job:
    """Queue a check now. Raises Missing, Forbidden (below maintainer)."""
    project = project_for(services, user=user, name=name, action="train")
    with services.db.begin() as db:
        return _queued(db, project, by=user.id)


def start_due(services: Services) -> None:
    """Queue a check in every project where a day has passed since the last one, and enough came in."""
    with services.db.connect() as db:
        due = [project for project in projects.all(db) if _due(db, project)]
    for project in due:
        with services.db.begin() as db:
            _queued(db, project, by=None)


def show(services: Services, *, user: User, project: str, report_id: str | None = None) -> Json:
    """A report, the newest where no id is given.

    Returns:
        {id, at} and what `drift_report.told` gives.

    Raises:
        Missing: no such project or report.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        found = drift.newest(db, target.id) if report_id is None else drift.get(db, target.id, report_id)
    if found is None:
        raise Missing(f"project {project!r} has no drift report yet.", hint=f"sightloop drift check {project}")
    return found


def status(services: Services, *, user: User, project: str) -> Json | None:
    """The little that older protocols tell of the newest report; None where nothing was checked yet.

    Returns:
        {drift_detected, statistic (the largest effect, 0 to 1), p_value, kind, window {since, until, n}, sentence}.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        found = drift.newest(db, target.id)
    if found is None:
        return None
    return {
        "drift_detected": found["alarm"],
        "statistic": max((one["effect"] for one in found["families"]), default=None),
        "p_value": found["p"],
        "kind": found["kind"],
        "window": {name: found[name] for name in ("since", "until", "n")},
        "sentence": found["sentence"],
    }


def _due(db: Connection, project: Project) -> bool:
    """Cheap questions come first: the duty asks every minute."""
    if project.settings.get("drift_check", "daily") != "daily" or not may_be_enough(db, project):
        return False
    found = waiting(db, project)
    if isinstance(found, str) or not found.enough:
        return False
    return not jobs.all(db, project_id=project.id, kinds=("drift",), states=jobs.UNFINISHED, limit=1)


def _queued(db: Connection, project: Project, *, by: str | None) -> Job:
    return jobs.enqueue(db, kind="drift", steps=STEPS, project_id=project.id, created_by=by)


def _untested(sentence: str, *, n: int = 0) -> Json:
    return {"id": None, "alarm": False, "kind": "none", "n": n, "sentence": sentence}
