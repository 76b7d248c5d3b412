"""The stages of a pipeline: each fills an installation with the export, runs the flows of the server, writes files.

They follow one another through files alone: export, check_drift, prepare_retrain_data, retrain, evaluate, promote. A
stage that has nothing to do says why in its report and in `skipped.json`, and ends well.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightloop.core.entities import Job, Json, Project
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import drifting, gating, pipeline_deciding, relearning, training
from sightloop.flows import pipeline_replica as replica
from sightloop.flows.access import OPERATOR
from sightloop.flows.pipeline_place import SKIPPED, Place, read, skipped, write
from sightloop.flows.services import Services
from sightloop.flows.steps import step
from sightloop.store import runs, snapshots, versions

FIRST = {"verdict": "promote", "sentence": "It is the project's first model."}
TIMES = ("id", "at", "until")  # of a report: what would differ though nothing changed


def check_drift(services: Services, project: Project, place: Place, *, report: Report) -> Json:
    """Test what came in since the live version was made; see `drifting.check`. Writes reports/drift.json."""
    found = drifting.check(services, user=OPERATOR, project=project.name, report=report)
    return write(place.report("drift"), {name: value for name, value in found.items() if name not in TIMES})


def prepare(services: Services, project: Project, place: Place, *, force: bool, report: Report) -> Json:
    """Decide, and freeze what there is to learn from. Writes reports/decision.json and snapshot/."""
    told = pipeline_deciding.decide(services, project, place.said("drift"), force=force)
    _empty(place.snapshot)
    if told["would"]:
        try:
            told |= replica.keep_snapshot(services, place, _frozen(services, project, report))
        except Rejected as error:
            told |= {"would": False, "rule": None, "sentence": f"{error.message} {error.hint}".strip()}
    if not told["would"]:
        _skip(place.snapshot, told["sentence"])
    return write(place.report("decision"), told)


def retrain(
    services: Services, project: Project, place: Place, *, family: str, params: Mapping[str, Any], report: Report
) -> Json:
    """Train the candidate on the snapshot; the live version learns on where no family is named. Writes model/."""
    reason = skipped(place.snapshot)
    _empty(place.model)
    if reason:
        return _skip(place.model, reason)
    job = _asked(services, project, family=family, params=params)
    job = _with(job, {"snapshot_id": replica.bring_snapshot(services, place, project).id})
    job = _with(job, step("train")(services, job, report))
    return replica.keep_bundle(services, job, place.model)


def evaluate(services: Services, project: Project, place: Place, *, report: Report) -> Json:
    """Judge the candidate on the snapshot's test side. Writes reports/evaluation.json and candidate/."""
    reason = skipped(place.model)
    _empty(place.candidate)
    if reason:
        _skip(place.candidate, reason)
        return write(place.report("evaluation"), _skipped(reason))
    job = _brought(services, project, place)
    replica.bring_bundle(services, job, place.model)
    job = _with(job, step("evaluate")(services, job, report))
    replica.keep_bundle(services, job, place.candidate)
    return write(place.report("evaluation"), {"skipped": False, **job.context["evaluation"]})


def promote(services: Services, project: Project, place: Place, *, report: Report) -> Json:
    """Let the gate judge the candidate against the live version; nothing outside changes.

    Writes reports/promotion.json; `pipeline_publishing.publish` lists at the source what the gate let through here.
    """
    if reason := skipped(place.candidate):
        return write(place.report("promotion"), _skipped(reason) | {"verdict": None})
    job = _brought(services, project, place)
    replica.bring_bundle(services, job, place.candidate)
    job = _with(job, {"evaluation": read(place.candidate / replica.ABOUT)["evaluation"]})
    job = _with(job, step("register")(services, job, report))
    judged = step("gate")(services, job, report)["gate"] or FIRST
    told = {name: judged[name] for name in ("verdict", "sentence")}
    return write(place.report("promotion"), {"skipped": False, **told, **_figures(services, project, job)})


def _figures(services: Services, project: Project, job: Job) -> Json:
    """What the verdict rests on, and the hashes of what it is about."""
    ref = job.context["version_id"]
    found = gating.show(services, user=OPERATOR, name=project.name, ref=ref)
    with services.db.connect() as db:
        version = versions.get(db, project.id, ref)
        taken = snapshots.get(db, version.snapshot_id or "")
    told: Json = {name: found[name] for name in ("needed", "margin", "n", "recent", "rules") if name in found}
    return {**told, "bundle": version.bundle, "snapshot": taken.hash}


def _frozen(services: Services, project: Project, report: Report) -> Json:
    """Take the snapshot; raises Rejected where there is too little to learn from."""
    with services.db.begin() as db:
        job = training.queue(db, project, family="", params={}, by=OPERATOR.id)
    return step("snapshot")(services, job, report)


def _asked(services: Services, project: Project, *, family: str, params: Mapping[str, Any]) -> Job:
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


def _brought(services: Services, project: Project, place: Place) -> Job:
    """The training whose files these are, as it stood when its model was made."""
    made = read(place.model / replica.ABOUT)
    taken = replica.bring_snapshot(services, place, project)
    with services.db.begin() as db:
        job = training.queue(db, project, family=made["family"], params=made["params"], by=OPERATOR.id)
        run_id = runs.start(
            db, project.id, family=made["family"], params=made["params"], job_id=job.id, snapshot_id=taken.id,
            created_by=OPERATOR.id,
        )  # fmt: skip
    return _with(job, {"snapshot_id": taken.id, "run_id": run_id, "trained": made["trained"]})


def _with(job: Job, found: Json) -> Job:
    return dataclasses.replace(job, context={**job.context, **found})


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _skip(folder: Path, reason: str) -> Json:
    return write(folder / SKIPPED, _skipped(reason))


def _skipped(reason: str) -> Json:
    return {"skipped": True, "reason": reason}
