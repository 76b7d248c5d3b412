"""Bounded threads and answers that may be a second old."""

from __future__ import annotations

import threading

import anyio
import pytest

from sightloop.core.errors import Overloaded, Unavailable
from sightloop.web.brief import Brief
from sightloop.web.pool import Pool

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_full_pool_sheds_at_once_and_the_accepted_calls_still_finish() -> None:
    pool, gate, done = Pool(threads=1, waiting=1), threading.Event(), []

    async def call(number: int) -> None:
        await pool.run(gate.wait)
        done.append(number)

    async with anyio.create_task_group() as group:
        group.start_soon(call, 1)
        group.start_soon(call, 2)
        await anyio.sleep(0.05)
        with pytest.raises(Overloaded) as caught:
            await pool.run(gate.wait)
        gate.set()
    assert caught.value.retry_after >= 1
    assert sorted(done) == [1, 2]
    assert await pool.run(lambda: "room again") == "room again"


async def test_equal_questions_at_once_are_asked_once() -> None:
    asked = []
    brief: Brief[str, int] = Brief(60)

    async def ask() -> int:
        asked.append(1)
        await anyio.sleep(0.01)
        return len(asked)

    async def one() -> None:
        assert await brief.get("key", ask) == 1

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(one)
    assert len(asked) == 1


async def test_an_answer_that_was_on_its_way_when_everything_was_forgotten_is_not_kept() -> None:
    brief: Brief[str, str] = Brief(60)
    begun, go_on = anyio.Event(), anyio.Event()

    async def old() -> str:
        begun.set()
        await go_on.wait()
        return "old"

    async def new() -> str:
        return "new"

    async with anyio.create_task_group() as group:
        group.start_soon(brief.get, "key", old)
        await begun.wait()
        brief.forget()
        go_on.set()
    assert await brief.get("key", new) == "new"


async def test_an_answer_is_kept_no_longer_than_it_may_be_old() -> None:
    brief: Brief[str, int] = Brief(0.0)
    answers = iter([1, 2])

    async def ask() -> int:
        return next(answers)

    assert [await brief.get("key", ask), await brief.get("key", ask)] == [1, 2]


async def test_an_error_reaches_everybody_who_asked_and_is_not_kept() -> None:
    brief: Brief[str, int] = Brief(60)

    async def fails() -> int:
        raise Unavailable("the database cannot be reached.")

    async def works() -> int:
        return 7

    with pytest.raises(Unavailable):
        await brief.get("key", fails)
    assert await brief.get("key", works) == 7


async def test_a_cache_never_grows_beyond_its_bound() -> None:
    brief: Brief[int, int] = Brief(60, size=10)

    async def ask() -> int:
        return 1

    for key in range(100):
        await brief.get(key, ask)
    assert len(brief._kept) <= 10
