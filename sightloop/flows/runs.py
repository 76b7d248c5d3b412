"""The experiment log of a project: what was trained with what, and how it went."""

from __future__ import annotations

from collections.abc import Sequence

from sightloop.core.entities import Json, User
from sightloop.core.errors import Missing
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import names, runs
from sightloop.store.database import Connection


def listing(
    services: Services, *, user: User, project: str, job_id: str | None = None, kind: str | None = "training"
) -> Sequence[Json]:
    """The project's runs of a kind (None: of every kind), or those of one job, newest first, without their curves.

    See `_named`.
    """
    found = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        return _named(db, runs.all(db, found.id, job_id=job_id, kind=kind))


def show(services: Services, *, user: User, project: str, run_id: str) -> Json:
    """One run with the points of its curves. Raises Missing for a run of another project."""
    found = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        run = runs.get(db, run_id)
        if run["project_id"] != found.id:
            raise Missing(f"no run {run_id!r} in project {project!r}.")
        return {**_named(db, [run])[0], "points": runs.points(db, run_id)}


def _named(db: Connection, found: Sequence[Json]) -> list[Json]:
    """Runs with the number of the `version` they made or judged and the name of who asked, None where there is none."""
    numbers = names.of_versions(db, [run["version_id"] for run in found])
    people = names.of_users(db, [run["created_by"] for run in found])
    return [
        {**run, "version": numbers.get(run["version_id"] or ""), "by_name": people.get(run["created_by"] or "")}
        for run in found
    ]
