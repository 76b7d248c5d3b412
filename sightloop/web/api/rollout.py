"""What follows a promotion: the watch over it, a version that answers in shadow first, and ending either."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from sightloop.core.entities import Json
from sightloop.flows import rollout, shadowing
from sightloop.web import shapes
from sightloop.web.desk import AtDesk, Promoter, Viewer
from sightloop.web.job_answers import told
from sightloop.web.shapes import Instant, JobShape, Shape

router = APIRouter(prefix="/api/v1/projects/{project}", tags=["models"])

Kind = Literal["watch", "shadow"]
State = Literal["watching", "passed", "rolled_back", "ended", "refused"]


class RolloutRule(Shape):
    """One rule of a watch: `passed` is false where it is broken, null where it cannot be told yet."""

    name: str
    passed: bool | None
    sentence: str
    figures: Json


class RolloutPast(Shape):
    """A watch over `version`, which replaced another one or answered beside it (numbers)."""

    id: str
    kind: Kind
    state: State
    version: int | None
    replaced: int | None
    began_at: Instant
    ended_at: Instant | None
    sentence: str


class Rollout(Shape):
    """What goes on, of several the newest, else the last one; `state` is "none" where nothing was ever replaced.

    It ends at `until` or after `needed` of its `answers` in use, near copies counted once.
    """

    id: str | None
    state: Literal["none"] | State
    kind: Kind | None
    version: int | None
    replaced: int | None
    began_at: Instant | None
    until: Instant | None
    ended_at: Instant | None
    answers: int
    needed: int
    sentence: str
    rules: list[RolloutRule]
    history: list[RolloutPast]


class EndRollout(shapes.Request):
    """Why, kept with the watch; and of which version or kind it is to be, where either is named."""

    reason: str
    version: int | None = None
    kind: Kind | None = None


class TryShadow(shapes.Request):
    """Why, for the deployment log: the gate is not asked."""

    reason: str


@router.get("/rollout")
async def show(project: str, user: Viewer, desk: AtDesk) -> Rollout:
    """The watch or shadow that goes on, or was the last one, with its rules, and those before it."""
    return Rollout.model_validate(await desk.ask(rollout.show, user=user, project=project))


@router.post("/rollout/end")
async def end(project: str, body: EndRollout, user: Promoter, desk: AtDesk) -> Rollout:
    """End a watch, so that nothing goes back by itself any more, or a shadow, which then does not go live."""
    left = await desk.ask(
        rollout.end, user=user, project=project, reason=body.reason, version=body.version, kind=body.kind
    )
    return Rollout.model_validate(left)


@router.post("/models/{ref}/shadow", status_code=202)
async def shadow(project: str, ref: str, body: TryShadow, user: Promoter, desk: AtDesk) -> JobShape:
    """Let a version answer beside the live one, unseen; it goes live by itself where nothing breaks."""
    return await told(desk, await desk.ask(shadowing.start, user=user, name=project, ref=ref, reason=body.reason))
