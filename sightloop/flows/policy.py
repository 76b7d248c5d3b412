"""Whether a project would learn again now by itself: every rule with its numbers, and what holds it."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass

from sightloop.core import triggers
from sightloop.core.entities import Job, Json, Project, User
from sightloop.core.errors import SightloopError
from sightloop.flows import challengers, members, policy_rules, retraining, teaching
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import jobs, projects, watches
from sightloop.store.database import Connection

AUTOMATIC, DAYS, HOURS = "retrain_automatically", "cool_down_days", "budget_hours"  # settings
USUAL_DAYS, USUAL_HOURS = 7.0, 24.0
LOOKED_AT = 200  # newest trainings, of which some may be of the last 30 days

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _History:
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


def decide(services: Services, *, user: User, project: str) -> Json:
    """Whether a training would be queued now by itself, and why or why not; nothing is queued.

    Returns:
        {would, rule (the name of the rule that is met, or None), sentence, missing [sentences], rules [{name, met,
        value, wanted, sentence, starts, figures}], holds [{name, sentence, until}], automatic, cool_down_days, budget
        {hours, used}, last {job_id, state, at, rule, sentence} or None, learns {teach, calibrate, judge, new}, family,
        params}: `family` and `params` are what a training would have, None without a live version.

    Raises:
        Missing: no such project.
    """
    target = project_for(services, user=user, name=project, action="view")
    told = teaching.teaching(services, user=user, project=project)
    with services.db.connect() as db:
        live = members.live(db, target)
        history = _history(db, target, now=services.db.now(db))
        rules = policy_rules.rules(db, target, live, told=told) if live else []
        holds = _holds(db, target, history, told=told)
        learner = members.learner(db, live) if live else None
    family, params = retraining.plan(target, learner) if learner else (None, None)
    return {
        **asdict(triggers.decide(rules, holds)),
        "rules": [asdict(rule) for rule in rules],
        "holds": [asdict(hold) for hold in holds],
        **_settings(target, history),
        "last": _told(history.last),
        "learns": {name: told[name] for name in ("teach", "calibrate", "judge")} | {"new": told["new_since_live"]},
        "family": family,
        "params": params,
    }


def start_due(services: Services) -> None:
    """Queue a training in every project that wants it by itself and has a reason; judge again who waited for labels."""
    with services.db.connect() as db:
        found = [project for project in projects.all(db) if project.live_version_id]
    for project in found:
        try:
            challengers.judge_again(services, project)
            if project.settings.get(AUTOMATIC) is True:
                _start(services, project)
        except SightloopError as error:
            log.warning("project %s does not learn by itself: %s", project.name, error)


def _start(services: Services, project: Project) -> None:
    found = decide(services, user=OPERATOR, project=project.name)
    if found["would"]:
        why = {"rule": found["rule"], "why": found["sentence"]}
        retraining.start(services, user=OPERATOR, name=project.name, force=True, why=why)


def _history(db: Connection, project: Project, *, now: float) -> _History:
    found = jobs.all(db, project_id=project.id, kinds=("train",), limit=LOOKED_AT)
    return _History(tuple(job for job in found if job.params.get("family") != members.FAMILY), now)


def _holds(db: Connection, project: Project, history: _History, *, told: Json) -> list[triggers.Hold]:
    """What forbids an automatic start now, whichever rule is met; the button asks only the first two."""
    found = [
        _without_model(project),
        policy_rules.unteachable(project, told),
        _switched_off(project),
        _running(db, project),
        triggers.cooling(history.ended_well_at, days=_days(project), now=history.now),
        triggers.budget(history.spent, hours=_hours(project), now=history.now),
        challengers.hold(db, project),
        _tried(db, project, history.last),
    ]
    return [hold for hold in found if hold]


def _without_model(project: Project) -> triggers.Hold | None:
    said = f"Project {project.name!r} has no live model to go on from: train a first one."
    return None if project.live_version_id else triggers.Hold("no_model", said)


def _switched_off(project: Project) -> triggers.Hold | None:
    if project.settings.get(AUTOMATIC) is True:
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


def _settings(project: Project, history: _History) -> Json:
    used = triggers.used(history.spent, now=history.now)
    return {
        "automatic": project.settings.get(AUTOMATIC) is True,
        "cool_down_days": _days(project),
        "budget": {"hours": _hours(project), "used": used},
    }


def _days(project: Project) -> float:
    return float(project.settings.get(DAYS, USUAL_DAYS))


def _hours(project: Project) -> float:
    return float(project.settings.get(HOURS, USUAL_HOURS))


def _told(last: Job | None) -> Json | None:
    """The newest training: how it stands, since when, and by which rule it started, None where somebody asked."""
    if last is None:
        return None
    at = last.finished_at or last.started_at or last.created_at
    said = retraining.outcome(last)
    return {"job_id": last.id, "state": last.state, "at": at, "rule": last.params.get("rule"), "sentence": said}
