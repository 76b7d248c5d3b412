"""Put a version live by itself that the gate has shown to be better, or into shadow first."""

from __future__ import annotations

from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.flows import gating, shadowing, watching
from sightloop.store import projects
from sightloop.store.database import Connection, lock


def anew(db: Connection, project: Project) -> Project:
    """The project with what it wants and what is live at this moment, until the caller's transaction ends."""
    lock(db, f"live:{project.id}")
    return projects.get(db, project.id)


def go(db: Connection, project: Project, version: ModelVersion, *, live: ModelVersion, found: Json) -> bool:
    """Put the version live in the caller's transaction, or into shadow first where the project wants that.

    Args:
        project: as `anew` tells it.
        live: what it was judged against.
        found: the verdict.

    Returns:
        Whether it is live: not where another one went live meanwhile, nor where it answers in shadow.
    """
    reason, detail = found["sentence"], gating.figures(found)
    if project.live_version_id != live.id:
        return False
    if project.settings.get("rollout") == "shadow":
        shadowing.begin(db, project, version, live=live, by=None, found={"reason": reason, "detail": detail})
        return False
    done = projects.set_live(
        db, project.id, version_id=version.id, by=None, action="promote", reason=reason, detail=detail
    )
    watching.begin(db, project, done)
    return True
