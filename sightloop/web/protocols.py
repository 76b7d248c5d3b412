"""The ways to ask that others have laid down: the Open Inference Protocol, and what the predecessors' clients send."""

from __future__ import annotations

from fastapi.routing import APIRoute

from sightloop.web import inference, legacy, legacy_accounts, legacy_learning, legacy_library, legacy_states
from sightloop.web.inference import described as described
from sightloop.web.inference import probes as probes
from sightloop.web.old_projects import check as check

SPOKEN = (inference, legacy, legacy_learning, legacy_library, legacy_states, legacy_accounts)


def typed() -> list[APIRoute]:
    """The typed routes, flat; see `web.routes`."""
    return [route for one in SPOKEN for route in one.router.routes if isinstance(route, APIRoute)]
