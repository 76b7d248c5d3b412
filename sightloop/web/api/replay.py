"""Ask for a prediction again, with the very version that gave it."""

from __future__ import annotations

from fastapi import APIRouter

from sightloop.flows import replay as flow
from sightloop.web.desk import AtDesk, Viewer
from sightloop.web.shapes import Shape

router = APIRouter(prefix="/api/v1/predictions", tags=["images"])


class Said(Shape):
    """An answer; probabilities by class, `route` is who gave it."""

    predicted: str
    confidence: float
    probabilities: dict[str, float]
    route: str


class ReplayShape(Shape):
    """Whether the same version gives the same numbers (within 1e-6), else why not; `now` is null where it cannot."""

    prediction_id: str
    image_id: str
    version: int
    same: bool
    reason: str | None
    largest_difference: float | None
    recorded: Said
    now: Said | None


@router.post("/{prediction_id}/replay")
async def replay(prediction_id: str, user: Viewer, desk: AtDesk) -> ReplayShape:
    """Answer the prediction's picture again and compare; nothing is stored."""
    found = await desk.ask_computing(flow.replay, user=user, prediction_id=prediction_id)
    return ReplayShape.model_validate(found)
