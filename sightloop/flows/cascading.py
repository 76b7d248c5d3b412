"""Ask for a certified cascade, and again by itself once its accurate member has learnt on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sightloop import families
from sightloop.core.entities import Job, ModelVersion, Project, User
from sightloop.flows import members, training
from sightloop.flows.services import Services
from sightloop.store import jobs
from sightloop.store.database import Connection


def start(services: Services, *, user: User, name: str, params: Mapping[str, Any]) -> Job:
    """Queue the making and certifying of a cascade, with what `params` leaves open as `members.chosen` has it.

    Raises:
        Missing: no such project or version.
        Forbidden: the role is below maintainer.
        Rejected: no cascade can be made yet, and why; or a parameter is out of range.
    """
    given = {name: value for name, value in params.items() if value is not None}
    return training.start(services, user=user, name=name, family=members.FAMILY, params=given)


def again(db: Connection, project: Project, job: Job, version: ModelVersion) -> Job | None:
    """Queue the certifying of the live cascade with `version`, which `job` made, as its accurate member.

    Only where the job was asked for that; a step that is done again after a crash queues nothing a second time.
    """
    live = members.live(db, project)
    if job.params.get("then") != members.AGAIN or live is None or live.family != members.FAMILY:
        return None
    queued = jobs.all(db, project_id=project.id, states=jobs.UNFINISHED, kinds=("train",))
    if any(_asks_for(one, version) for one in queued):
        return None
    usual = dataclasses.asdict(families.params(members.FAMILY, {}))
    kept = {name: value for name, value in live.params.items() if name in usual}
    params = {**usual, **kept, "accurate": str(version.number)}
    return training.queue(db, project, family=members.FAMILY, params=params, by=job.created_by)


def _asks_for(job: Job, version: ModelVersion) -> bool:
    named = job.params.get("params", {})
    return job.params.get("family") == members.FAMILY and named.get("accurate") == str(version.number)
