"""The experiment log of a project: what was trained with what, and how it went."""

from __future__ import annotations

from collections.abc import Sequence

from sightloop.core.entities import Json, User
from sightloop.core.errors import Missing
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import runs


def listing(services: Services, *, user: User, project: str) -> Sequence[Json]:
    """The project's runs, newest first, without their curves."""
    found = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        return runs.all(db, found.id)


def show(services: Services, *, user: User, project: str, run_id: str) -> Json:
    """One run with the points of its curves. Raises Missing for a run of another project."""
    found = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        run = runs.get(db, run_id)
        if run["project_id"] != found.id:
            raise Missing(f"no run {run_id!r} in project {project!r}.")
        return {**run, "points": runs.points(db, run_id)}
