"""The training that a pipeline carries out, one step in each stage, as the server would have queued it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sightloop.core.entities import Job, Json, Project
from sightloop.core.ports import Report
from sightloop.flows import pipeline_replica as replica
from sightloop.flows import relearning, training
from sightloop.flows.access import OPERATOR
from sightloop.flows.pipeline_place import Place, read
from sightloop.flows.services import Services
from sightloop.flows.steps import step
from sightloop.store import runs


def frozen(services: Services, project: Project, report: Report) -> Json:
    """Take the snapshot; raises Rejected where there is too little to learn from."""
    with services.db.begin() as db:
        job = training.queue(db, project, family="", params={}, by=OPERATOR.id)
    return step("snapshot")(services, job, report)


def asked(services: Services, project: Project, *, family: str, params: Mapping[str, Any]) -> Job:
    """A training as the server would queue it; here its steps are carried out one by one."""
    if family:
        job = training.start(services, user=OPERATOR, name=project.name, family=family, params=params)
    else:
        job = relearning.retrain(services, user=OPERATOR, name=project.name, archive=None)
        changed = training.checked(
            services, project, family=job.params["family"], params={**job.params["params"], **params}
        )
        job = dataclasses.replace(job, params={**job.params, "params": changed})
    return dataclasses.replace(job, params={name: value for name, value in job.params.items() if name != "then"})


def brought(services: Services, project: Project, place: Place) -> Job:
    """The training whose files these are, as it stood when its model was made."""
    made = read(place.model / replica.ABOUT)
    taken = replica.bring_snapshot(services, place, project)
    with services.db.begin() as db:
        job = training.queue(db, project, family=made["family"], params=made["params"], by=OPERATOR.id)
        run_id = runs.start(
            db, project.id, family=made["family"], params=made["params"], job_id=job.id, snapshot_id=taken.id,
            created_by=OPERATOR.id,
        )  # fmt: skip
    return known(job, {"snapshot_id": taken.id, "run_id": run_id, "trained": made["trained"]})


def carried(services: Services, job: Job, name: str, report: Report) -> Job:
    """The job after one of its steps."""
    return known(job, step(name)(services, job, report))


def known(job: Job, found: Json) -> Job:
    """The job with more in its context."""
    return dataclasses.replace(job, context={**job.context, **found})
