"""A bounded number of threads for flows, and a bounded number of requests waiting for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from sightloop.core.errors import Overloaded

T = TypeVar("T")


class Pool:
    """Runs blocking calls in at most `threads` threads; a call that finds `waiting` others in line is shed at once."""

    def __init__(self, *, threads: int, waiting: int) -> None:
        self._limiter = CapacityLimiter(threads)
        self._bound = threads + waiting
        self._inside = 0

    async def run(self, call: Callable[[], T]) -> T:
        """The result of `call()`, computed in a thread; raises Overloaded when too many wait already."""
        if self._inside >= self._bound:
            raise Overloaded(f"{self._inside} requests are being worked on already.", hint="Try again in a second.")
        self._inside += 1
        try:
            return await to_thread.run_sync(call, limiter=self._limiter)
        finally:
            self._inside -= 1
