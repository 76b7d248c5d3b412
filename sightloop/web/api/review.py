"""What to look at next: the review queue, likeness, odd ones out, and whether people are satisfied."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from sightloop.flows import feedback, neighbours, ranking, reviewing
from sightloop.flows.filtering import filters
from sightloop.flows.reviewing import By
from sightloop.web import shapes
from sightloop.web.api.images import Chosen
from sightloop.web.desk import AtDesk, Labeller, Viewer
from sightloop.web.shapes import ImageShape

router = APIRouter(prefix="/api/v1", tags=["review"])


class Neighbour(shapes.Shape):
    """A picture and its cosine (-1..1) to the one asked about."""

    image: ImageShape
    similarity: float


class Neighbours(shapes.Shape):
    """The nearest pictures first; `reason` says why there is none."""

    items: list[Neighbour]
    reason: str | None


class Candidate(shapes.Shape):
    """A picture, how much it is worth a look, and why."""

    image: ImageShape
    score: float
    why: str


class Review(shapes.Shape):
    """What to look at first; of `total` ready pictures `verified` are done and `remaining` are not."""

    items: list[Candidate]
    by: By
    remaining: int
    verified: int
    total: int
    reason: str | None


class Place(shapes.Shape):
    """A picture and its score; `looks_like` is the other class that it is nearer to, if there is one."""

    image: ImageShape
    score: float
    looks_like: str | None


class Ranking(shapes.Shape):
    """The highest scores first; `reason` says why there is none."""

    items: list[Place]
    reason: str | None


class RankedQuery(Chosen):
    """Filters, and what to rank by: likeness to the picture `to`, or being at odds with one's class."""

    by: Literal["similar", "odd"]
    to: str | None = None
    limit: int = 300


class Feedback(shapes.Request):
    """Whether what is shown is right; `revision` is the one the person looked at."""

    satisfied: bool
    revision: int | None = None


@router.get("/images/{image_id}/neighbours")
async def near(image_id: str, user: Viewer, desk: AtDesk, limit: int = 12) -> Neighbours:
    """The pictures of the project that look most like this one to the live model."""
    found = await desk.ask(neighbours.neighbours, user=user, image_id=image_id, limit=limit)
    return Neighbours.model_validate(found)


@router.post("/images/{image_id}/feedback")
async def say(image_id: str, body: Feedback, user: Labeller, desk: AtDesk) -> ImageShape:
    """Satisfied verifies what is shown; not satisfied puts the picture first in review until somebody labels it."""
    changed = await desk.ask(
        feedback.feedback, user=user, image_id=image_id, satisfied=body.satisfied, revision=body.revision
    )
    return ImageShape.model_validate(changed)


@router.get("/projects/{project}/review")
async def review(
    project: str,
    user: Labeller,
    desk: AtDesk,
    by: By = "uncertain",
    limit: int = 60,
    seed: int = 0,
) -> Review:
    """The pictures most worth a look, doubted ones first; the same seed gives the same order."""
    found = await desk.ask(reviewing.review, user=user, project=project, by=by, limit=limit, seed=seed)
    return Review.model_validate(found)


@router.get("/projects/{project}/ranked")
async def ranked(project: str, query: Annotated[RankedQuery, Query()], user: Viewer, desk: AtDesk) -> Ranking:
    """Pictures most like one, or those most at odds with the class they are shown in, first."""
    chosen = query.model_dump(exclude={"by", "to", "limit"}, exclude_none=True)
    found = await desk.ask(
        ranking.ranked,
        user=user,
        project=project,
        by=query.by,
        to=query.to,
        filters=filters(chosen),
        limit=query.limit,
    )
    return Ranking.model_validate(found)
