"""Who may do what: four roles, each of which may do all that the one before it may."""

from __future__ import annotations

from typing import Literal, get_args

from sightloop.core.entities import Role
from sightloop.core.errors import Forbidden, Missing

Action = Literal["view", "label", "upload", "export", "train", "promote", "manage", "administer"]

RANKS: dict[Role, int] = {role: rank for rank, role in enumerate(get_args(Role))}
NEEDED: dict[Action, Role] = {
    "view": "viewer",
    "export": "viewer",
    "label": "reviewer",
    "upload": "reviewer",
    "train": "maintainer",
    "promote": "maintainer",
    "manage": "maintainer",
    "administer": "admin",
}


def allows(role: Role | None, action: Action) -> bool:
    """Whether `role` may do `action`; None is a stranger and may do nothing."""
    return role is not None and RANKS[role] >= RANKS[NEEDED[action]]


def require(role: Role | None, action: Action, *, what: str) -> None:
    """Raise unless `role` may do `action` on `what`.

    Raises:
        Missing: there is no role at all: a stranger must not learn that `what` exists.
        Forbidden: the role is too low.
    """
    if role is None:
        raise Missing(f"no {what}.")
    if not allows(role, action):
        raise Forbidden(f"role {role!r} may not {action} {what}.", hint=f"Ask for the role {NEEDED[action]!r}.")
