"""One table from errors to answers: every error leaves as application/problem+json (RFC 9457)."""

from __future__ import annotations

import dataclasses
import errno
import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sightloop.core import errors
from sightloop.core.entities import Json
from sightloop.web.shapes import without_folders

MEDIA_TYPE = "application/problem+json"
INFERENCE = "/v2/"

STATUS: dict[type[errors.SightloopError], int] = {
    errors.Missing: 404,
    errors.Rejected: 422,
    errors.Conflict: 409,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Throttled: 429,
    errors.Overloaded: 503,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
    errors.GateRefused: 409,
    errors.Cancelled: 409,
}

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class TooLarge(HTTPException):
    """The body is larger than this route takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the body is larger than {limit} bytes.")


class TooSlow(HTTPException):
    """The body did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(408, f"the body did not arrive within {seconds:g} s.")


def status_of(error: errors.SightloopError) -> int:
    """The status of the nearest class in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def answer(error: Exception, *, request_id: str, path: str) -> Response:
    """The problem document for any error; one that is not ours says nothing of its inside."""
    headers: dict[str, str] = {}
    extra: Json = {}
    if isinstance(error, OSError) and error.errno in FULL:
        error = errors.StorageFull("the disk is full.", hint="Free some space; nothing was half-stored.")
    if isinstance(error, errors.SightloopError):
        status, detail = status_of(error), without_folders(error.message)
        extra = {"hint": error.hint} if error.hint else {}
        if isinstance(error, errors.Conflict) and error.current is not None:
            extra["current"] = error.current
        if isinstance(error, (errors.Throttled, errors.Overloaded, errors.Unavailable)):
            headers["retry-after"] = str(error.retry_after)
    elif isinstance(error, RequestValidationError):
        status, detail = 422, "the request does not fit."
        extra["errors"] = [{"field": ".".join(map(str, one["loc"])), "reason": one["msg"]} for one in error.errors()]
    elif isinstance(error, HTTPException):
        status, detail = error.status_code, str(error.detail)
        headers.update(error.headers or {})
    else:
        status, detail = 500, "something went wrong here; it was logged under this request id."
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if path.startswith(INFERENCE):
        return _plainly(status, detail, hint=extra.get("hint", ""), headers=headers)
    return problem(status, detail, request_id=request_id, headers=headers, **extra)


def _plainly(status: int, detail: str, *, hint: str, headers: dict[str, str]) -> Response:
    """An error as the Open Inference Protocol has it."""
    return JSONResponse({"error": f"{detail} {hint}".strip()}, status, headers)


def problem(
    status: int, detail: str, *, request_id: str, headers: dict[str, str] | None = None, **extra: Any
) -> Response:
    """One problem document as an answer."""
    body = {**document(status, detail), **extra, "request_id": request_id}
    content = json.dumps(body, default=_plain, ensure_ascii=False)
    return Response(content.encode(), status, headers, media_type=MEDIA_TYPE)


def document(status: int, detail: str) -> Json:
    """What every problem document begins with."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def install(app: FastAPI) -> None:
    """Send every error that a handler lets out through `answer`."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer(error, request_id=request.state.request_id, path=request.url.path)

    for kind in (errors.SightloopError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
