"""Whether a project would learn again now by itself: every rule with its numbers, and what holds it."""

from __future__ import annotations

import logging
from dataclasses import asdict

from sightloop.core import triggers
from sightloop.core.entities import Job, Json, Project, User
from sightloop.core.errors import SightloopError
from sightloop.flows import challengers, members, policy_holds, policy_rules, retraining, teaching
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.policy_holds import History
from sightloop.flows.services import Services
from sightloop.store import projects

log = logging.getLogger(__name__)


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
        history = policy_holds.history(db, target, now=services.db.now(db))
        rules = policy_rules.rules(db, target, live, told=told) if live else []
        holds = policy_holds.holds(db, target, history, told=told)
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
            if policy_holds.automatic(project):
                _start(services, project)
        except SightloopError as error:
            log.warning("project %s does not learn by itself: %s", project.name, error)


def _start(services: Services, project: Project) -> None:
    with services.db.connect() as db:
        if policy_holds.at_once(db, project, policy_holds.history(db, project, now=services.db.now(db))):
            return
    found = decide(services, user=OPERATOR, project=project.name)
    if found["would"]:
        why = {"rule": found["rule"], "why": found["sentence"]}
        retraining.start(services, user=OPERATOR, name=project.name, force=True, why=why)


def _settings(project: Project, history: History) -> Json:
    used = triggers.used(history.spent, now=history.now)
    return {
        "automatic": policy_holds.automatic(project),
        "cool_down_days": policy_holds.days(project),
        "budget": {"hours": policy_holds.hours(project), "used": used},
    }


def _told(last: Job | None) -> Json | None:
    """The newest training: how it stands, since when, and by which rule it started, None where somebody asked."""
    if last is None:
        return None
    at = last.finished_at or last.started_at or last.created_at
    said = retraining.outcome(last)
    return {"job_id": last.id, "state": last.state, "at": at, "rule": last.params.get("rule"), "sentence": said}
