"""The stages of a pipeline: each fills an installation with the export, runs the flows of the server, writes files.

They follow one another through files alone: export, check_drift, prepare_retrain_data, retrain, evaluate, promote.
Where nothing is to be trained, those behind the decision are passed over: see `pipeline_skipping`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sightloop.core.entities import Json, Project
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import drifting, pipeline_deciding, pipeline_judging
from sightloop.flows import pipeline_replica as replica
from sightloop.flows.access import OPERATOR
from sightloop.flows.pipeline_jobs import asked, brought, carried, frozen, known
from sightloop.flows.pipeline_place import Place, read, write
from sightloop.flows.pipeline_skipping import emptied, skip
from sightloop.flows.services import Services

TIMES = ("id", "at", "until")  # of a report: what would differ though nothing changed


def check_drift(services: Services, project: Project, place: Place, *, report: Report) -> Json:
    """Test what came in since the live version was made; see `drifting.check`. Writes reports/drift.json."""
    found = drifting.check(services, user=OPERATOR, project=project.name, report=report)
    return write(place.report("drift"), {name: value for name, value in found.items() if name not in TIMES})


def prepare(services: Services, project: Project, place: Place, *, force: bool, report: Report) -> Json:
    """Decide, and freeze what there is to learn from. Writes reports/decision.json and snapshot/."""
    told = pipeline_deciding.decide(services, project, place.said("drift"), force=force)
    if told["would"]:
        emptied(place.snapshot)
        try:
            told |= replica.keep_snapshot(services, place, frozen(services, project, report))
        except Rejected as error:
            told |= {"would": False, "rule": None, "sentence": f"{error.message} {error.hint}".strip()}
    if not told["would"]:
        skip(place.snapshot, told["sentence"])
    return write(place.report("decision"), told)


def retrain(
    services: Services, project: Project, place: Place, *, family: str, params: Mapping[str, Any], report: Report
) -> Json:
    """Train the candidate on the snapshot; the live version learns on where no family is named. Writes model/."""
    taken = replica.bring_snapshot(services, place, project)
    job = known(asked(services, project, family=family, params=params), {"snapshot_id": taken.id})
    job = carried(services, job, "train", report)
    return replica.keep_bundle(services, job, emptied(place.model))


def evaluate(services: Services, project: Project, place: Place, *, report: Report) -> Json:
    """Judge the candidate on the snapshot's test side. Writes reports/evaluation.json and candidate/."""
    job = brought(services, project, place)
    replica.bring_bundle(services, job, place.model)
    job = carried(services, job, "evaluate", report)
    replica.keep_bundle(services, job, emptied(place.candidate))
    return write(place.report("evaluation"), {"skipped": False, **job.context["evaluation"]})


def promote(services: Services, project: Project, place: Place, *, report: Report) -> Json:
    """Let the gate judge the candidate against the live version; nothing outside changes.

    Writes reports/promotion.json; `pipeline_publishing.enlist` lists at the source what the gate let through here.
    """
    job = brought(services, project, place)
    replica.bring_bundle(services, job, place.candidate)
    job = known(job, {"evaluation": read(place.candidate / replica.ABOUT)["evaluation"]})
    told = pipeline_judging.judge(services, project, job, report)
    return write(place.report("promotion"), {"skipped": False, **told})
