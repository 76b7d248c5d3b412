"""Test the pictures that came in against the held-out ones, as a report."""

from __future__ import annotations

from sightloop.core.entities import Json, Project
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import drift_reference, drift_report, drift_samples
from sightloop.flows.drift_waiting import Waiting
from sightloop.flows.services import Services
from sightloop.measure import alarm
from sightloop.measure.drift import LEAST, THRESHOLD


def tested(services: Services, project: Project, waiting: Waiting, *, report: Report | None) -> Json | str:
    """The report of a check without id and time; a sentence where nothing can be tested."""
    try:
        reference = drift_reference.of(services, project, waiting.version, report=report)
    except Rejected as error:
        return error.message
    known = set(reference.names.classes)
    with services.db.connect() as db:
        seen, lately = (
            [one for one in drift_samples.stored(db, part, version_id=waiting.version.id) if one.predicted in known]
            for part in (waiting.window, waiting.month or [])
        )
    if len(seen) < LEAST:
        return "Nothing tested: too few of the pictures that came in have an embedding of the live version."
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
