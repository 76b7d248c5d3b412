"""Ask for a training, checked before it is queued; `fitting` and its neighbours carry its steps out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sightloop import families
from sightloop.core.entities import Job, Json, Project, User
from sightloop.core.errors import Rejected
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import jobs, versions

STEPS = ("snapshot", "train", "evaluate", "register")


def start(
    services: Services, *, user: User, name: str, family: str = "", params: Mapping[str, Any], experiment: str = ""
) -> Job:
    """Queue a training of `family` (the task's usual one where it is "") with `params`, checked before it is queued.

    Raises:
        Missing: no such project or family.
        Rejected: the family is of another task, a parameter is unknown or out of range, or weights are not there.
    """
    project = project_for(services, user=user, name=name, action="train")
    family = family or families.usual(project.task)
    checked = dataclasses.asdict(families.params(family, dict(params)))
    _check(services, project, family=family, checked=checked)
    with services.db.begin() as db:
        return jobs.enqueue(
            db,
            kind="train",
            steps=STEPS,
            params={"family": family, "params": checked, "experiment": experiment or project.name},
            project_id=project.id,
            created_by=user.id,
            heavy=True,
        )


def _check(services: Services, project: Project, *, family: str, checked: Json) -> None:
    """Raise Rejected for a family of another task, and for weights that cannot be found."""
    if families.task(family) != project.task:
        raise Rejected(
            f"family {family!r} cannot be trained in project {project.name!r}, whose task is to {project.task}.",
            hint=f"Use {families.usual(project.task)}.",
        )
    if checked["weights"] == families.LIVE:
        with services.db.connect() as db:
            live = versions.by_id(db, project.live_version_id) if project.live_version_id else None
        if live is None or live.family != family or not families.goes_on(family):
            raise Rejected(
                f"project {project.name!r} has no live model of family {family!r} to go on from.", hint="Use auto."
            )
    else:
        families.check_weights(family, checked, services.weights)


def offered(services: Services) -> list[Json]:
    """Every family that can be trained, with its parameters; see `families.offered`."""
    return families.offered(services.weights)
