"""Let the live model learn on from what people said since."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from sightloop import families
from sightloop.core.entities import Job, Json, ModelVersion, Project, User
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows import members, teaching, training
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import jobs
from sightloop.store.database import Connection, lock

SHARE, FEWEST = 3, 3  # a model that goes on learns a third of the epochs, at least three,
LOOKED_AT = 20  # newest trainings, of which some only certify
SLOWER = 2  # at half of the learning rate, so that it does not forget


def start(services: Services, *, user: User, name: str, force: bool = False, why: Json | None = None) -> Job:
    """Queue a training of the live version's family with its parameters, on every label there is now.

    A family that can goes on from the live weights, more gently; see `gentler`. The others train as they did. Of a live
    cascade the accurate member learns on, and the cascade is certified anew with it; see `cascading.again`.

    Args:
        force: train although fewer labels are new than the project wants.
        why: {"rule", "why"} of a training that starts by itself; they stay with the job.

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
        check_free(db, project)
    _check(teaching.teaching(services, user=user, project=name), force=force)
    family, params = plan(project, learner)
    params = training.checked(services, project, family=family, params=params)
    then = members.AGAIN if learner.id != live.id else ""
    with services.db.begin() as db:
        lock(db, f"training:{project.id}")
        check_free(db, project)
        return training.queue(db, project, family=family, params=params, then=then, why=why, by=user.id)


def check_free(db: Connection, project: Project) -> None:
    """Raise Conflict where a training of the project waits or runs."""
    last = newest(db, project)
    if last is not None and last.state in jobs.UNFINISHED:
        hint = "Wait for it."
        raise Conflict(f"a training of project {project.name!r} is {last.state} already.", current=last.id, hint=hint)


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


def newest(db: Connection, project: Project) -> Job | None:
    """The newest training of the project, whoever asked for it; a cascade learns nothing, so that is none."""
    found = jobs.all(db, project_id=project.id, kinds=("train",), limit=LOOKED_AT)
    return next((job for job in found if job.params.get("family") != members.FAMILY), None)


def outcome(job: Job) -> str:
    """What became of a training, in a sentence."""
    if job.state in jobs.UNFINISHED:
        return f"It is {job.state}."
    if job.state != "done":
        return f"It {'failed' if job.state == 'failed' else 'was cancelled'}: {job.error or 'nobody said why'}"
    judged = job.context.get("gate")
    made = f"Version {job.context.get('version', '-')}"
    if not judged:
        return f"{made} was made."
    place = "is live" if judged["promoted"] else f"is not live ({judged['verdict']})"
    return f"{made} {place}: {judged['sentence']}"
