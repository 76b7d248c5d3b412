"""The labels that people of a project are asked for: the list, asking for more, taking open questions back."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from sightloop.flows import wanting
from sightloop.web import shapes
from sightloop.web.desk import AtDesk, Trainer, Viewer
from sightloop.web.shapes import Instant, Shape

router = APIRouter(prefix="/api/v1/projects/{project}/wanted", tags=["review"])


class AskedAtRandom(Shape):
    """Pictures drawn at random; those `judging` never teach, nor do their near copies.

    `judging_recent` of the answered ones are counted by the gate now: asked for since the live version was made, at
    most 90 days ago.
    """

    asked: int
    answered: int
    judging: int
    judging_answered: int
    judging_recent: int


class AskedShifted(Shape):
    """Pictures that are most unlike what was learnt from."""

    asked: int
    answered: int


class WantedLabel(Shape):
    """A picture whose label is asked for; `label` is what a person said."""

    image_id: str
    name: str
    kind: Literal["random", "shifted"]
    judges: bool
    report_id: str | None
    at: Instant
    answered_at: Instant | None
    label: str | None


class Wanted(Shape):
    """What is asked for, open questions first, then the newest answered.

    `report_id` is the drift report of the newest question that a report asked; with `enough_for_recent` of the
    `judging_recent` the gate tests on recent pictures; `note` says where fewer pictures were there to ask for than
    wished.
    """

    open: int
    answered: int
    random: AskedAtRandom
    shifted: AskedShifted
    report_id: str | None
    enough_for_recent: int
    note: str | None
    items: list[WantedLabel]


class More(shapes.Request):
    """How many further pictures are to be drawn at random."""

    random: Annotated[int, Field(ge=1, le=2000)]


class Withdrawn(Shape):
    """How many questions were taken back."""

    withdrawn: int


@router.get("")
async def listing(project: str, user: Viewer, desk: AtDesk, limit: int = 200) -> Wanted:
    """The labels that are asked for, and how many of them were given."""
    return Wanted.model_validate(await desk.ask(wanting.show, user=user, project=project, limit=limit))


@router.post("")
async def ask(project: str, body: More, user: Trainer, desk: AtDesk) -> Wanted:
    """Ask for further labels of pictures drawn at random; every second one judges and never teaches."""
    found = await desk.ask_computing(wanting.more, user=user, project=project, random=body.random)
    return Wanted.model_validate(found)


@router.delete("")
async def withdraw(project: str, user: Trainer, desk: AtDesk) -> Withdrawn:
    """Take back every question that nobody has answered; pictures that were to judge go back to their side."""
    return Withdrawn.model_validate(await desk.ask(wanting.withdraw, user=user, project=project))
