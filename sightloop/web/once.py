"""`Idempotency-Key`: the same request twice gets the same answer and is carried out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.responses import JSONResponse, Response

from sightloop.core.entities import Json, User
from sightloop.flows import idempotency
from sightloop.web.desk import Desk
from sightloop.web.errors import MEDIA_TYPE

KEY = "idempotency-key"


async def once(
    request: Request, desk: Desk, *, user: User, asked: object, carry_out: Callable[[], Awaitable[tuple[int, Json]]]
) -> Response:
    """Carry out a request, unless its key says that it was carried out before.

    Args:
        asked: what the request asks for, as JSON values; the same key with another request is refused.
        carry_out: gives the status and the body; when it raises, the key is free again.
    """
    key = request.headers.get(KEY)
    if key is None:
        return _answer(*await carry_out())
    route = f"{request.method} {request.url.path}"
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    stored = await desk.ask(idempotency.begin, user=user, key=key, route=route, digest=digest)
    if stored is not None:
        return _answer(*stored)
    try:
        status, body = await carry_out()
    except BaseException:
        await desk.ask(idempotency.abandon, user=user, key=key, route=route)
        raise
    await desk.ask(idempotency.finish, user=user, key=key, route=route, status=status, body=body)
    return _answer(status, body)


def _answer(status: int, body: Json) -> Response:
    return JSONResponse(body, status, media_type=MEDIA_TYPE if status >= 400 else None)
