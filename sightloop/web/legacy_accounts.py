"""BioSight's routes for accounts: aliases of those of the API, which take a form as well as JSON."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.web.api import auth
from sightloop.web.desk import AtDesk, BySession
from sightloop.web.shapes import UserShape

router = APIRouter(prefix="/api", tags=["legacy"])

FIELDS = {name: {"type": "string"} for name in ("name", "email", "username", "password")}
FORM: dict[str, Any] = {
    "requestBody": {
        "content": {
            kind: {"schema": {"type": "object", "properties": FIELDS}}
            for kind in ("application/json", "application/x-www-form-urlencoded")
        }
    }
}


async def fields_of(request: Request) -> dict[str, str]:
    """The texts of a JSON object or of a form; an empty body has none."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        async with request.form() as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        found = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError) as error:
        raise Rejected("the body is not JSON.", hint='For example {"email": "...", "password": "..."}.') from error
    if not isinstance(found, dict):
        raise Rejected("the body is not a JSON object.", hint='For example {"email": "...", "password": "..."}.')
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _credentials(given: dict[str, str]) -> tuple[str, str]:
    email, password = given.get("email") or given.get("username"), given.get("password")
    if not email or not password:
        raise Rejected("the e-mail address or the password is missing.", hint="Send `email` and `password`.")
    return email, password


@router.post("/register", status_code=201, openapi_extra=FORM)
async def register(request: Request, desk: AtDesk) -> Json:
    """Open an account with `name`, `email` and `password`."""
    given = await fields_of(request)
    email, password = _credentials(given)
    name = given.get("name") or email.partition("@")[0]
    made = await auth.register(auth.Registration(email=email, name=name, password=password), desk, request)
    return {"message": "Registered.", "user": _shown(made)}


@router.post("/login", openapi_extra=FORM)
async def login(request: Request, desk: AtDesk, response: Response) -> Json:
    """Begin a session in a cookie; what changes something then needs the header `X-Sightloop: 1`."""
    email, password = _credentials(await fields_of(request))
    asked = auth.SignIn(email=email, password=password)
    return {"message": "Signed in.", "user": _shown(await auth.login(asked, desk, request, response))}


@router.post("/logout")
async def logout(caller: BySession, desk: AtDesk, response: Response) -> Json:
    """End the session."""
    await auth.logout(caller, desk, response)
    return {"message": "Signed out."}


def _shown(user: UserShape) -> Json:
    return {"id": user.id, "email": user.email, "name": user.name, "role": user.role}
