"""A training's plan: the pictures counted here, the rest estimated in a process that may hold torch."""

from __future__ import annotations

from functools import partial

from sightloop.core.entities import Json, User
from sightloop.flows import planning
from sightloop.web.desk import Desk
from sightloop.web.estimating import roughly


async def plan(desk: Desk, *, user: User, project: str, family: str, params: Json) -> Json:
    """As `flows.planning.plan`.

    Raises:
        Unavailable: the other process ended without an answer.
    """
    found = await desk.ask(planning.pictures, user=user, name=project)
    question = {
        "family": family,
        "params": planning.measurable(family, params),
        "totals": roughly(planning.totals(found)),
        "weights": str(desk.services.weights.absolute()),
    }
    answer = await desk.pool.run(partial(desk.estimator.known, question))
    if answer is None:
        answer = await desk.planning.run(partial(desk.estimator.ask, question))
    return {**found, **planning.stretched(answer, family=family, params=params)}
