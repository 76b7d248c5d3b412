"""Two writers at once, in a known order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from sightloop.flows.services import Services
from sightloop.store.database import Connection

T = TypeVar("T")
READ = 0.5  # seconds in which a flow has read what it reads before it writes


def overtaken(services: Services, flow: Callable[[], T], *, by: Callable[[Connection], object]) -> T:
    """What `flow` makes of a change `by` somebody else that is committed after it has read and before it writes."""
    with ThreadPoolExecutor(1) as threads:
        with services.db.begin() as db:
            by(db)
            running = threads.submit(flow)
            wait([running], timeout=READ)
        return running.result()
