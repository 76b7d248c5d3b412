"""Jobs as the API tells of them: with the name of their project, and the time they took and still take."""

from __future__ import annotations

from collections.abc import Sequence

from sightloop.core.entities import Job
from sightloop.flows import jobs
from sightloop.web.desk import Desk
from sightloop.web.shapes import JobShape


async def told(desk: Desk, job: Job) -> JobShape:
    """One job."""
    return (await told_all(desk, [job]))[0]


async def told_all(desk: Desk, found: Sequence[Job]) -> list[JobShape]:
    """Jobs, in their order."""
    return [JobShape.model_validate(one) for one in await desk.ask(jobs.described, found=found)]
