"""What a project's pictures look like, from a summary that is kept up to date as they are written."""

from __future__ import annotations

from sightloop.core.entities import Image, Json, User
from sightloop.flows.access import project_for
from sightloop.flows.filtering import check_limit
from sightloop.flows.services import Services
from sightloop.measure import insights as measures
from sightloop.store import images, tallies
from sightloop.store.images import Filters
from sightloop.tasks import TASKS

MAX_SAMPLES = 24


def insights(services: Services, *, user: User, project: str) -> Json:
    """Class distribution by side and source, dimensions, quality issues and states of all pictures.

    Returns:
        As `store.tallies.summary`, with "shown" [{class, side, source, n}] for what the product shows, "classes" for
        the names that a person may give (where masks are drawn, "nothing" too), and "dimensions" as
        `measure.insights.sizes`.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        summary = tallies.summary(db, target.id)
    dimensions = measures.sizes(summary.pop("widths"), summary.pop("heights"))
    shown = summary.pop("classes")
    words = TASKS[target.task].words(target.classes)
    return {**summary, "shown": shown, "dimensions": dimensions, "classes": list(words)}


def class_samples(services: Services, *, user: User, project: str, shown: str, limit: int = 8) -> list[Image]:
    """Pictures of one class, the least sure first."""
    check_limit(limit, most=MAX_SAMPLES)
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        found, _ = images.page(db, target.id, filters=Filters(shown=shown), sort="confidence", cursor=None, limit=limit)
    return found
