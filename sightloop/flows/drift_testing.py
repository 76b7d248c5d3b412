"""Test the pictures that came in against the held-out ones, as a report."""

from __future__ import annotations

from sightloop.core.entities import Json, Project
from sightloop.flows import drift_report, drift_samples
from sightloop.flows.drift_reference import Reference
from sightloop.flows.drift_waiting import Waiting
from sightloop.flows.services import Services
from sightloop.measure import alarm
from sightloop.measure.drift import LEAST, THRESHOLD


def tested(services: Services, project: Project, waiting: Waiting, reference: Reference) -> Json | None:
    """The report of a check without id and time; None where too few pictures have an embedding of the live version."""
    known = set(reference.names.classes)
    with services.db.connect() as db:
        seen, lately = (
            [one for one in drift_samples.stored(db, part, version_id=waiting.version.id) if one.predicted in known]
            for part in (waiting.window, waiting.month or [])
        )
    if len(seen) < LEAST:
        return None
    window = drift_report.Window(
        ids=tuple(one.image_id for one in seen),
        sample=drift_samples.sample(seen, project=project, names=reference.names),
        since=waiting.since,
        until=waiting.now,
        came=waiting.came,
        before=waiting.last["p"] if waiting.last else None,
        version={"version": waiting.version.number, "version_id": waiting.version.id},
    )
    month = drift_samples.sample(lately, project=project, names=reference.names) if lately else None
    decision = alarm.decide(
        reference.sample,
        window.sample,
        month=month,
        before=window.before,
        basis=reference.basis,
        names=reference.names,
        threshold=threshold(project),
    )
    return drift_report.told(reference, window, decision, month=month)


def threshold(project: Project) -> float:
    """The nominal p of the project's alarms."""
    return float(project.settings.get("drift_threshold", THRESHOLD))
