"""Judge the bundle that a training made, before anybody can put it live."""

from __future__ import annotations

from sightloop import bundles
from sightloop.core.entities import Job, Json
from sightloop.core.ports import Report
from sightloop.flows import cases, dossier, manifests, outcomes
from sightloop.flows.judging import judge, score
from sightloop.flows.services import Services
from sightloop.store import projects, snapshots


def evaluate(services: Services, job: Job, report: Report) -> Json:
    """Job step: score the new bundle on the snapshot's test side; figures, plots and card go into the bundle.

    What it said of each picture waits in the work folder until the bundle is registered.
    """
    assert job.project_id is not None
    folder = services.work_folder(job.id) / "bundle"
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
        taken = snapshots.get(db, job.context["snapshot_id"])
    judging = cases.stored(services, manifests.read(services, taken))
    judged = judge(bundles.load(folder), judging, project=project, report=report)
    figures = score(judged)
    outcomes.write(services.work_folder(job.id), judged.said())
    dossier.complete(folder, judged=judged, figures=figures, history=job.context["trained"].get("history", []))
    return {"evaluation": figures}
