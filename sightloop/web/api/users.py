"""Accounts, for administrators."""

from __future__ import annotations

from fastapi import APIRouter

from sightloop.core.entities import Role
from sightloop.core.errors import Rejected
from sightloop.flows import accounts
from sightloop.web import shapes
from sightloop.web.desk import Administrator, AtDesk
from sightloop.web.shapes import Listed, UserShape

router = APIRouter(prefix="/api/v1", tags=["accounts"])


class NewUser(shapes.Request):
    """An account that an administrator opens for somebody."""

    email: str
    name: str
    password: str
    role: Role = "reviewer"


class UserChange(shapes.Request):
    """A new role, or the end of an account, or its opening again."""

    role: Role | None = None
    disabled: bool | None = None


@router.get("/users")
async def users(user: Administrator, desk: AtDesk) -> Listed[UserShape]:
    """Every account."""
    found = await desk.ask(accounts.list_users, user=user)
    return Listed(items=[UserShape.model_validate(one) for one in found])


@router.post("/users", status_code=201)
async def create_user(body: NewUser, user: Administrator, desk: AtDesk) -> UserShape:
    """Open an account for somebody, also where registration is closed."""
    made = await desk.ask_hashing(
        accounts.create_user, user=user, email=body.email, name=body.name, password=body.password, role=body.role
    )
    return UserShape.model_validate(made)


@router.patch("/users/{user_id}")
async def change_user(user_id: str, body: UserChange, user: Administrator, desk: AtDesk) -> UserShape:
    """Change somebody's role, close an account (its sessions end at once), or open it again."""
    if (body.role is None) == (body.disabled is None):
        raise Rejected("nothing, or two things, to change.", hint='Send {"role": …} or {"disabled": true or false}.')
    if body.role is not None:
        changed = await desk.ask(accounts.set_role, user=user, user_id=user_id, role=body.role)
    else:
        flow = accounts.disable_user if body.disabled else accounts.enable_user
        changed = await desk.ask(flow, user=user, user_id=user_id)
    desk.sessions.forget()
    return UserShape.model_validate(changed)
