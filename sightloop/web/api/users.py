"""Accounts, for administrators."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from sightloop.core.entities import Role
from sightloop.core.errors import Rejected
from sightloop.flows import accounts
from sightloop.web import shapes
from sightloop.web.desk import Administrator, AtDesk
from sightloop.web.shapes import Listed, UserShape

router = APIRouter(prefix="/api/v1", tags=["accounts"])


class UserChange(shapes.Request):
    """A new role, or the end of an account."""

    role: Role | None = None
    disabled: Literal[True] | None = None


@router.get("/users")
async def users(user: Administrator, desk: AtDesk) -> Listed[UserShape]:
    """Every account."""
    found = await desk.ask(accounts.list_users, user=user)
    return Listed(items=[UserShape.model_validate(one) for one in found])


@router.patch("/users/{user_id}")
async def change_user(user_id: str, body: UserChange, user: Administrator, desk: AtDesk) -> UserShape:
    """Change somebody's role, or close an account: its sessions end at once."""
    if (body.role is None) == (body.disabled is None):
        raise Rejected("nothing, or two things, to change.", hint='Send {"role": …} or {"disabled": true}.')
    if body.role is not None:
        changed = await desk.ask(accounts.set_role, user=user, user_id=user_id, role=body.role)
    else:
        changed = await desk.ask(accounts.disable_user, user=user, user_id=user_id)
    desk.sessions.forget()
    return UserShape.model_validate(changed)
