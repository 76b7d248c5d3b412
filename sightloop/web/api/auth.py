"""Register, sign in and out, change the password, and API tokens."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from sightloop import __version__
from sightloop.core.permissions import Action
from sightloop.flows import accounts
from sightloop.web import shapes
from sightloop.web.desk import Anybody, AtDesk, BySession, client_address
from sightloop.web.shapes import Instant, Listed, Shape, UserShape

router = APIRouter(prefix="/api/v1", tags=["accounts"])


class Registration(shapes.Request):
    """A new account."""

    email: str
    name: str
    password: str


class SignIn(shapes.Request):
    """An account's credentials."""

    email: str
    password: str


class PasswordChange(shapes.Request):
    """The old password and the new one."""

    old: str
    new: str


class NewToken(shapes.Request):
    """What a token is called, what it may be used for and for how many days."""

    name: str
    scopes: list[Action] = ["view"]
    days: float | None = None


class TokenShape(Shape):
    """An API token without its secret."""

    id: str
    name: str
    scopes: list[str]
    created_at: Instant
    expires_at: Instant | None = None
    revoked_at: Instant | None = None


class MadeToken(TokenShape):
    """A new token; its `secret` is shown this once."""

    secret: str


class Options(Shape):
    """What a stranger may do here; `first` says that there is no account yet: whoever registers administers."""

    registration: Literal["open", "closed"]
    first: bool
    version: str


@router.get("/auth/options")
async def options(desk: AtDesk) -> Options:
    """Whether strangers may register, and whether there is an account at all."""
    return Options(**await desk.ask(accounts.options), version=__version__)


@router.post("/auth/register", status_code=201)
async def register(body: Registration, desk: AtDesk, request: Request) -> UserShape:
    """Open an account; the first one becomes the administrator."""
    user = await desk.ask_hashing(
        accounts.register,
        email=body.email,
        name=body.name,
        password=body.password,
        address=client_address(request),
    )
    return UserShape.model_validate(user)


@router.post("/auth/login")
async def login(body: SignIn, desk: AtDesk, request: Request, response: Response) -> UserShape:
    """Begin a session; the answer sets a cookie that no script can read."""
    ticket = await desk.ask_hashing(
        accounts.login, email=body.email, password=body.password, address=client_address(request)
    )
    desk.sessions.set_cookie(response, ticket)
    return UserShape.model_validate(ticket.user)


@router.post("/auth/logout", status_code=204)
async def logout(caller: BySession, desk: AtDesk, response: Response) -> None:
    """End the session at once, wherever its cookie is."""
    await desk.ask(accounts.logout, jti=caller.need_session())
    desk.sessions.forget()
    desk.sessions.clear_cookie(response)


@router.get("/auth/me")
async def me(user: Anybody) -> UserShape:
    """Who is signed in."""
    return UserShape.model_validate(user)


@router.post("/auth/password", status_code=204)
async def change_password(
    body: PasswordChange, caller: BySession, desk: AtDesk, request: Request, response: Response
) -> None:
    """Set a new password; every other session of this account ends."""
    ticket = await desk.ask_hashing(
        accounts.change_password, user=caller.user, old=body.old, new=body.new, address=client_address(request)
    )
    desk.sessions.forget()
    desk.sessions.set_cookie(response, ticket)


@router.get("/tokens")
async def tokens(caller: BySession, desk: AtDesk) -> Listed[TokenShape]:
    """The account's API tokens."""
    found = await desk.ask(accounts.list_tokens, user=caller.user)
    return Listed(items=[TokenShape.model_validate(one) for one in found])


@router.post("/tokens", status_code=201)
async def create_token(body: NewToken, caller: BySession, desk: AtDesk) -> MadeToken:
    """Make an API token; its secret is in this answer and nowhere else."""
    secret, row = await desk.ask(
        accounts.create_token, user=caller.user, name=body.name, scopes=body.scopes, days=body.days
    )
    return MadeToken.model_validate({**row, "secret": secret})


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(token_id: str, caller: BySession, desk: AtDesk) -> None:
    """End a token at once."""
    await desk.ask(accounts.revoke_token, user=caller.user, token_id=token_id)
    desk.sessions.forget()
