"""Ask for a training, checked before it is queued; `fitting` and its neighbours carry its steps out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sightloop import families
from sightloop.core.entities import Job, Json, Project, User
from sightloop.core.errors import Rejected
from sightloop.flows import members
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import jobs
from sightloop.store.database import Connection

STEPS = ("snapshot", "train", "evaluate", "register", "gate")


def start(
    services: Services,
    *,
    user: User,
    name: str,
    family: str = "",
    params: Mapping[str, Any],
    experiment: str = "",
    then: str = "",
) -> Job:
    """Queue a training of `family` (the task's usual one where it is "") with `params`, checked before it is queued.

    A cascade's members are named before it is queued, too; see `members.chosen`.

    Args:
        then: "certify" lets a cascade be certified of the new version; see `cascading.again`.

    Raises:
        Missing: no such project or family, or no such version where a member is named.
        Rejected: the family is of another task, a parameter is unknown or out of range, or weights are not there; or
            the project's versions make no cascade.
    """
    project = project_for(services, user=user, name=name, action="train")
    family = family or families.usual(project.task)
    given = members.chosen(services, project, params) if family == members.FAMILY else dict(params)
    found = checked(services, project, family=family, params=given)
    with services.db.begin() as db:
        return queue(db, project, family=family, params=found, experiment=experiment, then=then, by=user.id)


def queue(
    db: Connection,
    project: Project,
    *,
    family: str,
    params: Json,
    experiment: str = "",
    then: str = "",
    why: Json | None = None,
    by: str | None,
) -> Job:
    """Queue a training with `params` that were checked, in the caller's transaction; `why` stays with the job."""
    asked = {"family": family, "params": params, "experiment": experiment or project.name, **(why or {})}
    return jobs.enqueue(
        db,
        kind="train",
        steps=STEPS,
        params={**asked, "then": then} if then else asked,
        project_id=project.id,
        created_by=by,
        heavy=True,
    )


def checked(services: Services, project: Project, *, family: str, params: Mapping[str, Any]) -> Json:
    """Every parameter of `family`, those of `params` in their place; raises Missing and Rejected as `start` does."""
    found = dataclasses.asdict(families.params(family, dict(params)))
    _check(services, project, family=family, checked=found)
    return found


def _check(services: Services, project: Project, *, family: str, checked: Json) -> None:
    """Raise Rejected for a family of another task, and for weights that cannot be found."""
    if families.task(family) != project.task:
        raise Rejected(
            f"family {family!r} cannot be trained in project {project.name!r}, whose task is to {project.task}.",
            hint=f"Use {families.usual(project.task)}.",
        )
    if checked["weights"] == families.LIVE:
        with services.db.connect() as db:
            found = members.live(db, project)
            live = members.learner(db, found) if found else None
        if live is None or not families.goes_on(family, live.family):
            raise Rejected(
                f"project {project.name!r} has no live model that family {family!r} can go on from.", hint="Use auto."
            )
    else:
        families.check_weights(family, checked, services.weights)


def offered(services: Services) -> list[Json]:
    """Every family that can be trained, with its parameters; see `families.offered`."""
    return families.offered(services.weights)
