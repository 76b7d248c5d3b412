"""Answers that may be a second old: spares the database while hundreds of requests ask the same thing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Brief(Generic[K, V]):
    """A cache whose entries live `seconds`; equal questions asked at once are answered by one look-up.

    `forget` empties it at once, and an answer that was on its way then is not kept.
    """

    def __init__(self, seconds: float = 1.0, *, size: int = 10_000) -> None:
        self._seconds = seconds
        self._size = size
        self._kept: dict[K, tuple[float, V]] = {}
        self._asking: dict[K, asyncio.Task[V]] = {}
        self._epoch = 0

    def peek(self, key: K) -> V | None:
        """The fresh answer for `key`, if there is one."""
        found = self._kept.get(key)
        return found[1] if found and found[0] > time.monotonic() else None

    async def get(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """The fresh answer for `key`, asked for where needed; what `ask` raises is raised and not kept."""
        fresh = self.peek(key)
        if fresh is not None:
            return fresh
        task = self._asking.get(key)
        if task is None:
            task = asyncio.ensure_future(self._load(key, ask, epoch=self._epoch))
            self._asking[key] = task
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Make every next question a new one."""
        self._epoch += 1
        self._kept.clear()
        self._asking.clear()

    async def _load(self, key: K, ask: Callable[[], Awaitable[V]], *, epoch: int) -> V:
        try:
            value = await ask()
            if epoch == self._epoch:
                if len(self._kept) >= self._size:
                    self._kept.clear()
                self._kept[key] = (time.monotonic() + self._seconds, value)
            return value
        finally:
            if epoch == self._epoch:
                self._asking.pop(key, None)
