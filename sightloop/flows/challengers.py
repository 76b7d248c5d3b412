"""A version that the gate could not judge to an end: it waits for labels, and is judged again when they came."""

from __future__ import annotations

from dataclasses import dataclass

from sightloop.core import triggers
from sightloop.core.entities import Job, Json, ModelVersion, Project
from sightloop.flows import gating, members
from sightloop.flows.services import Services
from sightloop.store import gates, jobs, policy, projects
from sightloop.store.database import Connection, lock

WAITED = "waited"  # of a gate job: the version was made by a training and may go live by itself
MANY = 100  # labels after which it is judged again where nobody knows how many are missing


@dataclass(frozen=True)
class Waiting:
    """An undecided challenger of the live version: the labels it needs, and how many that judge came since."""

    version: ModelVersion
    needed: int | None
    new: int

    @property
    def ready(self) -> bool:
        return self.new >= (self.needed or MANY)


def waiting(db: Connection, project: Project) -> Waiting | None:
    """The newest version where the gate has left it undecided against the live one; None where there is none.

    A member of a live cascade challenges nobody: the cascade made with it does.
    """
    live, found = members.live(db, project), policy.challenger(db, project.id)
    if live is None or found is None or (live.family == members.FAMILY != found.family):
        return None
    verdict = gates.newest(db, found.id, live_id=live.id)
    if verdict is None or verdict["verdict"] != "undecided":
        return None
    again = _judged_again(db, project, found)
    since = max(verdict["at"], again.created_at if again else 0.0)
    return Waiting(found, verdict["needed"], policy.judging_since(db, project.id, since=since))


def hold(db: Connection, project: Project) -> triggers.Hold | None:
    """One challenger at a time, while no label that judges came since its verdict; none that is being judged again."""
    found = waiting(db, project)
    if found is None or judging(db, project):
        return None
    return triggers.challenged(number=found.version.number, needed=found.needed, new=found.new)


def judging(db: Connection, project: Project) -> bool:
    """Whether one that waited is being judged again."""
    busy = jobs.all(db, project_id=project.id, kinds=("gate",), states=jobs.UNFINISHED)
    return any(WAITED in job.params for job in busy)


def judge_again(services: Services, project: Project) -> None:
    """Queue a verdict on the challenger of a project whose missing labels came; it may go live by itself then."""
    with services.db.connect() as db:
        if not _due(db, project):
            return
    with services.db.begin() as db:
        lock(db, f"training:{project.id}")
        found = _due(db, projects.get(db, project.id))
        if found is None:
            return
        params: Json = {"version": found.version.number, "version_id": found.version.id, WAITED: True}
        jobs.enqueue(db, kind="gate", steps=gating.STEPS, params=params, project_id=project.id)


def _due(db: Connection, project: Project) -> Waiting | None:
    found = waiting(db, project)
    return found if found and found.ready and not judging(db, project) else None


def _judged_again(db: Connection, project: Project, version: ModelVersion) -> Job | None:
    """The newest job that judged it again, so that one that failed is not queued every minute."""
    found = jobs.all(db, project_id=project.id, kinds=("gate",))
    return next((job for job in found if WAITED in job.params and job.params["version_id"] == version.id), None)
