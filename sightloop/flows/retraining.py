"""Let the live model learn on from what people said since: on request, and by itself where a project wants it."""

from __future__ import annotations

import dataclasses
import logging
import math
from typing import Any

from sightloop import families
from sightloop.core import triggers
from sightloop.core.entities import Job, Json, ModelVersion, Project, User
from sightloop.core.errors import Conflict, Rejected, SightloopError
from sightloop.flows import members, teaching, training
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import jobs, projects
from sightloop.store.database import Connection

SHARE, FEWEST = 3, 3  # a model that goes on learns a third of the epochs, at least three,
LOOKED_AT = 20  # newest trainings, of which some only certify
SLOWER = 2  # at half of the learning rate, so that it does not forget

log = logging.getLogger(__name__)


def start(services: Services, *, user: User, name: str, force: bool = False) -> Job:
    """Queue a training of the live version's family with its parameters, on every label there is now.

    A family that can goes on from the live weights, more gently; see `gentler`. The others train as they did. Of a live
    cascade the accurate member learns on, and the cascade is certified anew with it; see `cascading.again`.

    Args:
        force: train although fewer labels are new than the project wants.

    Raises:
        Missing: no such project.
        Forbidden: the role is below maintainer.
        Rejected: there is no live model yet, or nothing to learn from.
        Conflict: too few labels are new, with the gap; or a training waits or runs already.
    """
    project = project_for(services, user=user, name=name, action="train")
    with services.db.connect() as db:
        live = members.live(db, project)
        if live is None:
            raise Rejected(f"project {name!r} has no live model to go on from.", hint="Train a first one.")
        learner = members.learner(db, live)
        last = _last(db, project)
    if last is not None and last.state in jobs.UNFINISHED:
        raise Conflict(f"a training of project {name!r} is {last.state} already.", current=last.id, hint="Wait for it.")
    _check(teaching.teaching(services, user=user, project=name), force=force)
    family, params = plan(project, learner)
    then = members.AGAIN if learner.id != live.id else ""
    return training.start(services, user=user, name=name, family=family, params=params, then=then)


def _check(told: Json, *, force: bool) -> None:
    if not told["teach"]:
        raise Rejected("there is nothing to learn from.", hint=told["reason"] or "Label pictures first.")
    if told["reason"] and not force:
        raise Conflict(told["reason"], current=told, hint="Correct more, or force it.")


def plan(project: Project, live: ModelVersion) -> tuple[str, Json]:
    """The family and the parameters with which a live version learns on.

    Those of a version that came from elsewhere are the family's own; where nothing here can train its family, it is
    the task's usual one.
    """
    known = live.family in families.NAMES and families.task(live.family) == project.task
    family = live.family if known else families.usual(project.task)
    usual = dataclasses.asdict(families.params(family, {}))
    params = {**usual, **({key: one for key, one in live.params.items() if key in usual} if known else {})}
    return family, gentler(params) if known and families.goes_on(family) else params


def gentler(params: Json) -> Json:
    """Parameters for going on from the live weights: a third of the epochs, but three or more, at half the rate.

    Those of a version that went on itself are gentle already and stay.
    """
    if params.get("weights") == families.LIVE:
        return params
    found: dict[str, Any] = {**params, "weights": families.LIVE}
    if "epochs" in found:
        found["epochs"] = max(FEWEST, math.ceil(found["epochs"] / SHARE))
    if "lr" in found:
        found["lr"] = found["lr"] / SLOWER
    return found


def start_due(services: Services) -> None:
    """Queue a training in every project that wants it by itself and has enough new labels."""
    with services.db.connect() as db:
        wishing = [one for one in projects.all(db, reader=None) if one.settings.get("retrain_automatically") is True]
    for project in wishing:
        if not _due(services, project):
            continue
        try:
            start(services, user=OPERATOR, name=project.name)
        except SightloopError as error:
            log.warning("project %s does not learn by itself: %s", project.name, error)


def _due(services: Services, project: Project) -> bool:
    with services.db.connect() as db:
        last = _last(db, project)
        said = teaching.said_since(db, project, last.created_at) if last else (0, 0)
    told = teaching.teaching(services, user=OPERATOR, project=project.name)
    learnt = triggers.Learnt(last.state, teaching.counted(project, *said)) if last else None
    ready = bool(told["ready"]) and project.live_version_id is not None
    return triggers.due(automatic=True, ready=ready, wanted=told["wanted"], last=learnt)


def _last(db: Connection, project: Project) -> Job | None:
    """The newest training of the project, whoever asked for it; a cascade learns nothing, so that is none."""
    found = jobs.all(db, project_id=project.id, kinds=("train",), limit=LOOKED_AT)
    return next((job for job in found if job.params.get("family") != members.FAMILY), None)
