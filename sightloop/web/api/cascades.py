"""A project's cascade: how it stands, and making and certifying one."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from sightloop.core.entities import Json
from sightloop.flows import cascade_report, cascading
from sightloop.web import shapes
from sightloop.web.desk import AtDesk, Trainer, Viewer
from sightloop.web.figures import Interval
from sightloop.web.job_answers import told
from sightloop.web.once import once
from sightloop.web.shapes import Instant, JobShape, Shape

router = APIRouter(prefix="/api/v1/projects/{project}/cascade", tags=["models"])


class CascadeCandidate(Shape):
    """A version that may be a member.

    `accuracy` is that on the test side, `calibration` that on its calibration side, `ms` CPU milliseconds a picture;
    `certifies` counts the certifying pictures that it has never met. What is not known is null.
    """

    version: int
    family: str
    backbone: str
    accuracy: Interval | None
    calibration: Interval | None
    ms: float | None
    certifies: int


class Members(Shape):
    """Who answers first, and who answers what is deferred."""

    fast: CascadeCandidate
    accurate: CascadeCandidate


class LiveAnswers(Shape):
    """Who answered the pictures that came in `since`, a week ago or when the cascade was made."""

    since: Instant
    answers: int
    fast: int
    accurate: int
    human: int
    audited: int


class Audit(Shape):
    """How often both members disagree where the accurate one checked a fast answer, in the last four weeks.

    `low` and `high` bound the share of all answers, each with an error of at most the certificate's delta.
    """

    since: Instant
    n: int
    disagreements: int
    low: float
    high: float
    verdict: Literal["holds", "undecided", "broken"]
    sentence: str


class Pictures(Shape):
    """How many pictures would certify a cascade made now, and how many are needed to certify anything."""

    certification: int
    needed: int


class CascadeShape(Shape):
    """The live cascade, else (`active` false) the newest; `reason` says why none can be made yet."""

    active: bool
    version: int | None
    certificate: Json | None
    members: Members | None
    live: LiveAnswers | None
    audit: Audit | None
    candidates: list[CascadeCandidate]
    pictures: Pictures
    reason: str | None


class Certifying(shapes.Request):
    """Members that are left out are those of the live cascade, or chosen; the rest has the family's defaults."""

    fast: str | None = None
    accurate: str | None = None
    epsilon: float | None = None
    delta: float | None = None
    human: float | None = None
    labelled: bool | None = None


@router.get("")
async def show(project: str, user: Viewer, desk: AtDesk) -> CascadeShape:
    """How the cascade stands: certificate, members, live answers, audit, and what could be its members."""
    return CascadeShape.model_validate(await desk.ask_computing(cascade_report.state, user=user, name=project))


@router.post("", status_code=202, responses={202: {"model": JobShape}})
async def certify(project: str, body: Certifying, request: Request, user: Trainer, desk: AtDesk) -> Response:
    """Queue the making and certifying of a cascade; it becomes a version, and goes live when it is promoted."""
    params = body.model_dump(mode="json", exclude_none=True)

    async def carry_out() -> tuple[int, Json]:
        job = await desk.ask(cascading.start, user=user, name=project, params=params)
        return 202, (await told(desk, job)).model_dump(mode="json")

    return await once(request, desk, user=user, asked=[project, params], carry_out=carry_out)
