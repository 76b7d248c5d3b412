"""How a project's drift stands: for its page, and for Prometheus."""

from __future__ import annotations

from sightloop import telemetry
from sightloop.core.entities import Json, User
from sightloop.flows import drift_testing, drift_waiting
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.measure.drift import LEAST
from sightloop.store import drift, names, projects

TIMELINE = 400


def overview(services: Services, *, user: User, project: str) -> Json:
    """How the project stands.

    Returns:
        {newest: report or None, timeline [{id, version, at, since, until, n, p, kind, alarm}] oldest first, waiting
        (pictures since the last check, one of each group), needed, next_at (time of the next check by itself, None
        where it is off or nothing is live), threshold}.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        rows = drift.timeline(db, target.id, limit=TIMELINE)
        numbers = names.of_versions(db, [row["version_id"] for row in rows])
        newest, waiting = drift.newest(db, target.id), drift_waiting.waiting(db, target)
    ready = not isinstance(waiting, str)
    by_itself = ready and target.settings.get("drift_check", "daily") == "daily"
    return {
        "newest": newest,
        "timeline": [row | {"version": numbers.get(row["version_id"])} for row in rows],
        "waiting": len(waiting.window) if not isinstance(waiting, str) else 0,
        "needed": LEAST,
        "next_at": waiting.next_at if by_itself and not isinstance(waiting, str) else None,
        "threshold": drift_testing.threshold(target),
    }


def tell(services: Services) -> None:
    """Set the gauges of this process from the newest reports, whichever process made them."""
    with services.db.connect() as db:
        found, known = drift.latest(db), {one.id: one.name for one in projects.all(db)}
    for project_id, report in found.items():
        telemetry.set_drift(known[project_id], p=report["p"], effect=_effect(report), alarm=report["alarm"])


def _effect(report: Json) -> float:
    """Of the family that says most."""
    return float(min(report["families"], key=lambda one: one["p"])["effect"])
