"""Every noun of the API, in the order in which the reference shows them."""

from __future__ import annotations

from fastapi.routing import APIRoute

from sightloop.web import upkeep
from sightloop.web.api import (
    evaluations,
    image,
    images,
    insights,
    measurements,
    models,
    predict,
    projects,
    review,
    transfers,
)
from sightloop.web.learning import LEARNING

NOUNS = (
    *upkeep.ACCOUNTS,
    projects,
    insights,
    images,
    image,
    measurements,
    review,
    predict,
    models,
    evaluations,
    *LEARNING,
    transfers,
    *upkeep.WORK,
)


def typed() -> list[APIRoute]:
    """The typed routes, flat: nested routers cost a look-up per level and hide from the tests that walk the table."""
    return [route for noun in NOUNS for route in noun.router.routes if isinstance(route, APIRoute)]
