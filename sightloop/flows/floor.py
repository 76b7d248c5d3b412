"""Say what another confidence floor would show, before anybody sets it."""

from __future__ import annotations

from sightloop.core.entities import Json, User
from sightloop.core.recipes import check_floor
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import floors, images


def preview(services: Services, *, user: User, project: str, value: float) -> Json:
    """Pictures per tab under a floor of `value` (0..1), beside those of now; nothing changes.

    Returns {value, current, counts, now, moved}: `counts` are what the tabs would show once the project's floor is
    `value`, trash included; `moved` are the pictures that would change their tab.

    Raises:
        Rejected: `value` is no share.
    """
    check_floor(value)
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        now = images.counts(db, target.id)
        counts, moved = floors.preview(db, target.id, floor=value, classes=target.classes)
    then = {**counts, "trash": now["trash"]}
    return {"value": value, "current": target.floor, "counts": then, "now": now, "moved": moved}
