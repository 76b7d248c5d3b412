"""What is known of a project: another floor, the live accuracy, leaks of its split, what a training would take."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from sightloop.core.entities import Side
from sightloop.flows import accuracy as accuracies
from sightloop.flows import floor as floors
from sightloop.flows import splitting
from sightloop.flows import teaching as lessons
from sightloop.web import shapes
from sightloop.web.desk import AtDesk, Manager, Viewer
from sightloop.web.figures import Interval
from sightloop.web.shapes import Instant, Shape

router = APIRouter(prefix="/api/v1/projects/{project}", tags=["projects"])


class FloorPreview(Shape):
    """Pictures per tab under another floor, and now; `moved` would change their tab."""

    value: float
    current: float
    counts: dict[str, int]
    now: dict[str, int]
    moved: int


class ClassAccuracy(Shape):
    """A class: how many of its pictures are found, how many answers of it are right, the mean Dice of its masks."""

    name: str
    n: int
    recall: Interval | None
    precision: Interval | None
    dice: Interval | None


class Moment(Shape):
    """Pictures that came in from a time on, until the next one."""

    at: Instant
    n: int
    accuracy: Interval
    dice: Interval | None


class Audit(Shape):
    """The live model on `n` labelled pictures of those `asked` for at random; `since` is when the oldest was."""

    n: int
    asked: int
    accuracy: Interval | None
    since: Instant | None
    reason: str | None


class Accuracy(Shape):
    """The live model against people; rows of `confusion` are what people said, columns what the model did.

    Where masks are drawn, the measure is Dice: `dice` is the mean over the `compared` pictures, `accepted` the share of
    them whose mask was left as the model drew it; all else is about the word for a picture.
    """

    measure: Literal["accuracy", "dice"]
    version: int | None
    n: int
    accuracy: Interval | None
    dice: Interval | None
    accepted: Interval | None
    compared: int
    classes: list[str]
    confusion: list[list[int]]
    per_class: list[ClassAccuracy]
    over_time: list[Moment]
    left_out: int
    basis: str
    reason: str | None
    audit: Audit


class Pair(Shape):
    """Two pictures that are the same or nearly so; `distance` in bits of 64."""

    images: list[str]
    names: list[str]
    sides: list[Side]
    labels: list[str | None]
    distance: int


class Pairs(Shape):
    """Every pair is counted, the first hundred are listed, those on two sides before the others."""

    pairs: int
    across_sides: int
    examples: list[Pair]


class Contradictions(Shape):
    """The same or nearly the same picture under two labels."""

    pairs: int
    examples: list[Pair]


class SplitGroup(Shape):
    """A group on several sides, with some of its pictures."""

    group: str
    sides: list[Side]
    images: list[str]
    names: list[str]


class SplitGroups(Shape):
    """Every one is counted, the first hundred are listed."""

    count: int
    examples: list[SplitGroup]


class Fix(Shape):
    """How many pictures would leave their side, in a number and in a sentence."""

    images: int
    sentence: str


class Leaks(Shape):
    """What two sides share; `leaked` has the held-out pictures with a copy on an earlier side, by their side."""

    rows: int
    exact: Pairs
    near: Pairs
    contradictions: Contradictions
    split_groups: SplitGroups
    leaked: dict[str, list[str]]
    fix: Fix


class Expected(shapes.Request):
    """The number of pictures that you looked at."""

    expected: Annotated[int, Field(ge=0)]


class Moved(Shape):
    """How many pictures left their side."""

    moved: int


class ClassTeaching(Shape):
    """Pictures of a class on each side."""

    name: str
    train: int
    calibration: int
    test: int


class Teaching(Shape):
    """What a training would learn from now; `reason` says what is missing."""

    labelled: int
    teach: int
    calibrate: int
    judge: int
    unused: int
    per_class: list[ClassTeaching]
    new_since_live: int
    corrected_since_live: int
    wanted: int
    ready: bool
    reason: str | None


@router.get("/floor")
async def floor(project: str, value: float, user: Viewer, desk: AtDesk) -> FloorPreview:
    """How many pictures each tab would show with another confidence floor (0..1); nothing changes."""
    return FloorPreview.model_validate(await desk.ask(floors.preview, user=user, project=project, value=value))


@router.get("/accuracy")
async def accuracy(project: str, user: Viewer, desk: AtDesk) -> Accuracy:
    """The live model's answers against verified labels, without the pictures that taught it."""
    return Accuracy.model_validate(await desk.ask_computing(accuracies.accuracy, user=user, project=project))


@router.get("/leaks")
async def leaks(project: str, user: Viewer, desk: AtDesk) -> Leaks:
    """Copies on two sides, contradictory labels, groups on two sides, and what a fix would do."""
    return Leaks.model_validate(await desk.ask_computing(splitting.leaks, user=user, project=project))


@router.post("/leaks/fix")
async def fix(project: str, body: Expected, user: Manager, desk: AtDesk) -> Moved:
    """Take held-out pictures with a copy on an earlier side off their side; a conflict where the number changed."""
    done = await desk.ask_computing(splitting.mend, user=user, project=project, expected=body.expected)
    return Moved.model_validate(done)


@router.get("/teaching")
async def teaching(project: str, user: Viewer, desk: AtDesk) -> Teaching:
    """What a snapshot taken now would hold, and whether a training is worth starting."""
    return Teaching.model_validate(await desk.ask(lessons.teaching, user=user, project=project))
