"""Routes without a framework's form and model, which still tell the log and the metrics their template."""

from __future__ import annotations

from starlette.routing import Match, Mount, Route
from starlette.types import Scope


def first_part(path: str) -> str:
    """The part of a path before its second slash: "api" of "/api/v1/projects"."""
    return path.lstrip("/").partition("/")[0]


class PlainRoute(Route):
    """A route to a plain handler."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route; adds itself to the scope."""
        match, found = super().matches(scope)
        return match, {**found, "route": self}


class PlainMount(Mount):
    """A folder of files."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any mount; adds itself to the scope."""
        match, found = super().matches(scope)
        return match, {**found, "route": self}
