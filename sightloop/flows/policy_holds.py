"""What keeps a project from learning by itself now: its settings, its trainings, and a version that waits."""

from __future__ import annotations

from dataclasses import dataclass

from sightloop.core import triggers
from sightloop.core.entities import Job, Json, Project
from sightloop.flows import challengers, members, policy_rules, teaching
from sightloop.store import jobs, watches
from sightloop.store.database import Connection

AUTOMATIC, DAYS, HOURS = "retrain_automatically", "cool_down_days", "budget_hours"  # settings
USUAL_DAYS, USUAL_HOURS = 7.0, 24.0
LOOKED_AT = 200  # newest trainings, of which some may be of the last 30 days


@dataclass(frozen=True)
class History:
    """The trainings of a project at the time `now`, the newest first, without cascades: those learn nothing."""

    jobs: tuple[Job, ...]
    now: float

    @property
    def last(self) -> Job | None:
        return next(iter(self.jobs), None)

    @property
    def ended_well_at(self) -> float | None:
        return next((job.finished_at for job in self.jobs if job.state == "done"), None)

    @property
    def spent(self) -> list[triggers.Spent]:
        """Those that started by themselves."""
        own = [job for job in self.jobs if "rule" in job.params and job.started_at is not None]
        return [self._spent(job) for job in own]

    def _spent(self, job: Job) -> triggers.Spent:
        ended = job.finished_at or self.now
        return triggers.Spent(ended, max(0.0, ended - (job.started_at or ended)))


def history(db: Connection, project: Project, *, now: float) -> History:
    """The project's newest trainings."""
    found = jobs.all(db, project_id=project.id, kinds=("train",), limit=LOOKED_AT)
    return History(tuple(job for job in found if job.params.get("family") != members.FAMILY), now)


def holds(db: Connection, project: Project, past: History, *, told: Json) -> list[triggers.Hold]:
    """What forbids an automatic start now, whichever rule is met.

    The button works all the same, where there is something to learn from and no training runs.

    Args:
        told: what `teaching.teaching` says of the project.
    """
    found = [
        _without_model(project),
        policy_rules.unteachable(project, told),
        *at_once(db, project, past),
        challengers.hold(db, project),
        _tried(db, project, past.last),
    ]
    return [hold for hold in found if hold]


def at_once(db: Connection, project: Project, past: History) -> list[triggers.Hold]:
    """Those of `holds` that are known without counting a picture."""
    found = [
        _switched_off(project),
        _running(db, project),
        triggers.cooling(past.ended_well_at, days=days(project), now=past.now),
        triggers.budget(past.spent, hours=hours(project), now=past.now),
    ]
    return [hold for hold in found if hold]


def _without_model(project: Project) -> triggers.Hold | None:
    said = f"Project {project.name!r} has no live model to go on from: train a first one."
    return None if project.live_version_id else triggers.Hold("no_model", said)


def _switched_off(project: Project) -> triggers.Hold | None:
    if automatic(project):
        return None
    said = f"Project {project.name!r} does not learn by itself: somebody has to ask for it, or switch that on."
    return triggers.Hold("automatic_off", said)


def _running(db: Connection, project: Project) -> triggers.Hold | None:
    if busy := jobs.all(db, project_id=project.id, kinds=("train",), states=jobs.UNFINISHED, limit=1):
        return triggers.Hold("running", f"A training is {busy[0].state} already.")
    if challengers.judging(db, project):
        return triggers.Hold("running", "A version that waited for labels is being judged again.")
    if any(watch.kind == "shadow" for watch in watches.open(db, project.id)):
        return triggers.Hold("running", "A version is being tried in shadow.")
    return None


def _tried(db: Connection, project: Project, last: Job | None) -> triggers.Hold | None:
    """Nothing where the newest training made what is live: the rules count from there themselves."""
    live = members.live(db, project)
    if last is None or live is None or last.context.get("version_id") == members.learner(db, live).id:
        return None
    new = teaching.counted(project, *teaching.said_since(db, project, last.created_at))
    return triggers.tried(last.state, new=new, wanted=teaching.wanted_in(project))


def automatic(project: Project) -> bool:
    """Whether the project learns by itself."""
    return project.settings.get(AUTOMATIC) is True


def days(project: Project) -> float:
    """Days without a training by itself after one that ended well."""
    return float(project.settings.get(DAYS, USUAL_DAYS))


def hours(project: Project) -> float:
    """Hours of 30 days that trainings which start by themselves may take."""
    return float(project.settings.get(HOURS, USUAL_HOURS))
