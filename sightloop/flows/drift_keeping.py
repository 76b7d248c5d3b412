"""Keep a report of drift, ask for the labels that it needs, and tell the outside, all or nothing."""

from __future__ import annotations

from sightloop.core.entities import Json, Project
from sightloop.flows import noticing, taught, wanting
from sightloop.flows.services import Services
from sightloop.store import drift
from sightloop.store.database import Connection

NEVER: frozenset[str] = frozenset()


def keep(services: Services, project: Project, told: Json) -> Json:
    """The report with its id and time; where it needs labels, its pictures are asked for in the same transaction."""
    asks = told["needs"] == "labels" and told["wanted"]
    met = taught.groups_ever(services, project) if asks else NEVER
    with services.db.begin() as db:
        report = drift.add(db, project.id, told)
        if report["alarm"]:
            detail = {name: report[name] for name in ("id", "version", "kind", "p", "n")}
            noticing.tell(db, "drift", project_id=project.id, sentence=report["sentence"], detail=detail)
        if asks:
            asked = wanting.ask(db, project, report_id=report["id"], **report["wanted"], taught=met)
            if asked["asked"]:
                _wanted(db, project, {"report": report["id"], **asked})
    return report


def _wanted(db: Connection, project: Project, detail: Json) -> None:
    sentence = f"{detail['asked']} labels are wanted to tell what the drift means."
    noticing.tell(db, "labels", project_id=project.id, sentence=sentence, detail=detail)
