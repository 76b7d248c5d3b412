"""What masks measure: of one picture, of all of a project, and the scale that turns pixels into millimetres."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import StreamingResponse

from sightloop.flows import measuring, reporting, scaling
from sightloop.flows.filtering import filters
from sightloop.flows.measuring import Origin
from sightloop.web import shapes
from sightloop.web.api.images import Chosen
from sightloop.web.desk import AtDesk, Labeller, Viewer
from sightloop.web.shapes import ImageShape, Shape

router = APIRouter(prefix="/api/v1", tags=["measurements"])

Unit = Literal["px", "mm"]


class Piece(Shape):
    """One connected piece of a mask, its box and its figures in pixels."""

    x: int
    y: int
    width: int
    height: int
    length_px: float
    mean_width_px: float
    max_width_px: float
    area_px: int
    orientation_deg: float | None


class Geometry(Shape):
    """What a mask measures; `area_share` is 0..1 of the picture, `widest` the x and y of the widest place.

    `orientation_deg` is 0 for horizontal, 45 rising to the right. What is in millimetres is null without a scale.
    """

    area_px: int
    area_share: float
    length_px: float
    mean_width_px: float
    max_width_px: float
    widest: tuple[float, float] | None
    pieces: int
    orientation_deg: float | None
    per_piece: list[Piece]
    area_mm2: float | None
    length_mm: float | None
    mean_width_mm: float | None
    max_width_mm: float | None


class Figures(Shape):
    """What a mask measures, in all and per class."""

    px_per_mm: float | None
    total: Geometry
    per_class: dict[str, Geometry]


class Measurements(Figures):
    """What a picture's mask measures; `lines` are the middle lines of each class, [[x, y], …] in pixels."""

    source: Literal["human", "model"]
    threshold: float | None
    px_per_mm_from: Literal["image", "project"] | None
    lines: dict[str, list[list[tuple[float, float]]]]


class Scale(shapes.Request):
    """Pixels to the millimetre, above 0; null leaves it to the project's."""

    px_per_mm: float | None


class ReportRow(Shape):
    """What one picture's mask measures; without a mask its figures are null. `note` says why something is missing."""

    id: str
    name: str
    source: Literal["human", "model"] | None
    shown: str | None = Field(alias="class")
    area_px: int | None
    area_share: float | None
    length_px: float | None
    mean_width_px: float | None
    max_width_px: float | None
    pieces: int | None
    orientation_deg: float | None
    area_mm2: float | None
    length_mm: float | None
    mean_width_mm: float | None
    max_width_mm: float | None
    px_per_mm: float | None
    certainty: float | None
    verified: bool
    note: str | None


class Totals(Shape):
    """What all pictures come to: `marked` have something in their mask, `scaled` of those a scale."""

    pictures: int
    measured: int
    human: int
    model: int
    marked: int
    scaled: int
    pieces: int
    length_px: float
    max_width_px: float | None
    area_mm2: float | None
    length_mm: float | None
    max_width_mm: float | None


class Bar(Shape):
    """A bar of a histogram from `low` to `high`."""

    low: float
    high: float
    amount: float


class Bars(Shape):
    """A histogram and the unit of its bars."""

    unit: Unit
    bars: list[Bar]


class Survey(Shape):
    """A row per picture, what they come to, how many pictures have how much length, and how much length which width."""

    items: list[ReportRow]
    totals: Totals
    lengths: Bars
    widths: Bars


REPORT: dict[int | str, dict[str, Any]] = {
    200: {"model": Survey, "content": {"text/csv": {"schema": {"type": "string"}}}}
}


class ReportQuery(Chosen):
    """Filters, and whether to give JSON or CSV."""

    format: Literal["json", "csv"] = "json"


@router.get("/images/{image_id}/measurements")
async def measure(
    image_id: str,
    user: Viewer,
    desk: AtDesk,
    source: Origin = "best",
    threshold: float | None = None,
    lines: bool = False,
) -> Measurements:
    """How much, how long and how wide is what the human's mask marks, or the model's at a threshold."""
    found = await desk.ask_computing(
        measuring.measurements, user=user, image_id=image_id, origin=source, threshold=threshold, lines=lines
    )
    return Measurements.model_validate(found)


@router.put("/images/{image_id}/scale")
async def rescale(image_id: str, body: Scale, user: Labeller, desk: AtDesk) -> ImageShape:
    """Say how many pixels of this picture make a millimetre."""
    changed = await desk.ask(scaling.rescale, user=user, image_id=image_id, px_per_mm=body.px_per_mm)
    return ImageShape.model_validate(changed)


@router.get("/projects/{project}/report", responses=REPORT, response_class=StreamingResponse)
async def report(project: str, query: Annotated[ReportQuery, Query()], user: Viewer, desk: AtDesk) -> StreamingResponse:
    """What every picture's mask measures, streamed while it is measured; figures are kept for the next time."""
    chosen = filters(query.model_dump(exclude={"format"}, exclude_none=True))
    found = await desk.ask(reporting.survey, user=user, project=project, filters=chosen)
    headers = {"x-total-count": str(found.count)}
    if query.format == "json":
        return StreamingResponse(found.json(), media_type="application/json", headers=headers)
    headers["content-disposition"] = f'attachment; filename="{project}-report.csv"'
    return StreamingResponse(found.csv(), media_type="text/csv; charset=utf-8", headers=headers)
