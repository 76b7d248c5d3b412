"""The recent test: pictures that were drawn to judge, and were labelled since the live version was made."""

from __future__ import annotations

from sightloop.core.entities import ModelVersion, Project
from sightloop.store import labelled
from sightloop.store.database import Connection
from sightloop.store.labelled import Labelled
from sightloop.tasks import TASKS

DAYS = 90
DAY = 86_400.0


def pictures(db: Connection, project: Project, live: ModelVersion | None, *, now: float) -> list[Labelled]:
    """Those that a gate counts at a time: asked for since the live version was made, for 90 days, and answered.

    Where no version is live: of the last 90 days.
    """
    since = max(live.created_at if live else 0.0, now - DAYS * DAY)
    words = TASKS[project.task].words(project.classes)
    return [one for one in labelled.lately(db, project.id, since=since) if one.label in words]
