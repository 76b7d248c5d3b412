"""Every noun of the API, in the order in which the reference shows them."""

from __future__ import annotations

from fastapi.routing import APIRoute

from sightloop.web.api import (
    auth,
    evaluations,
    image,
    images,
    jobs,
    models,
    predict,
    projects,
    runs,
    trainings,
    transfers,
    users,
)

NOUNS = (auth, users, projects, images, image, predict, models, evaluations, trainings, runs, transfers, jobs)


def typed() -> list[APIRoute]:
    """The typed routes, flat: nested routers cost a look-up per level and hide from the tests that walk the table."""
    return [route for noun in NOUNS for route in noun.router.routes if isinstance(route, APIRoute)]
