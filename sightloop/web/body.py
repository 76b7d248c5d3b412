"""The way a request's body comes in: bounded in bytes and in time, and never awaited for nothing."""

from __future__ import annotations

import asyncio
import re
import time

from starlette.types import Message, Receive, Scope

from sightloop.web.errors import TooLarge, TooSlow
from sightloop.web.headers import header

LARGE = re.compile(
    r"/api/v1/(projects/[^/]+/(images|predict|predict/batch|imports|evaluations/archive|save-for-retrain)"
    r"|images/[^/]+/mask)|/v2/models/[^/]+/(versions/[^/]+/)?infer"
    r"|/(predict|predict_clip|predict_lgbm|predict_ensemble|predict_batch|save-for-retrain|retrain|upload/)"
)
JSON_LIMIT = 4 << 20
ANONYMOUS_LIMIT = 64 << 10
SLOWEST = 256 << 10  # bytes per second beyond the first seconds
LINGER_SECONDS = 2.0
LINGER_BYTES = 16 << 20


def limit_for(path: str, *, anonymous: bool, largest: int) -> int:
    """How many bytes of body this path takes."""
    if anonymous:
        return min(ANONYMOUS_LIMIT, largest)
    return largest if LARGE.fullmatch(path) else min(JSON_LIMIT, largest)


class Body:
    """Wraps `receive`; raises TooLarge or TooSlow out of whoever is reading."""

    def __init__(self, scope: Scope, receive: Receive, *, deadline: float) -> None:
        self._receive = receive
        self._deadline = deadline
        self._began = time.monotonic()
        self._limit = 0
        self.received = 0
        self.complete = not _announced(scope)

    def allow(self, scope: Scope, limit: int) -> None:
        """Let `limit` bytes in; raises TooLarge at once where more was announced."""
        self._limit = limit
        declared = header(scope, b"content-length")
        if declared is not None and int(declared) > limit:
            raise TooLarge(limit)

    async def receive(self) -> Message:
        """The next part of the body; it may take the deadline plus 1 s for every 256 KiB that came."""
        if self.complete:
            return await self._receive()
        seconds = self._deadline + self.received / SLOWEST
        try:
            async with asyncio.timeout(max(0.0, self._began + seconds - time.monotonic())):
                message = await self._receive()
        except TimeoutError as error:
            raise TooSlow(self._deadline) from error
        self.received += len(message.get("body", b""))
        self.complete = not message.get("more_body", False)
        if self.received > self._limit:
            raise TooLarge(self._limit)
        return message

    async def linger(self) -> None:
        """Throw away what still comes for a moment, so that the client reads our answer before the line is cut."""
        seen = 0
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not self.complete and seen < LINGER_BYTES:
                    message = await self._receive()
                    seen += len(message.get("body", b""))
                    self.complete = not message.get("more_body", False)
        except TimeoutError:
            return


def _announced(scope: Scope) -> bool:
    length = header(scope, b"content-length")
    return header(scope, b"transfer-encoding") is not None or (length is not None and length != "0")
