"""One picture: look, correct, verify, delete, bring back."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, Response

from sightloop.core.entities import Json
from sightloop.flows import correct, library, looking, masking, trash
from sightloop.flows.access import image_for
from sightloop.flows.masking import Kind, Origin
from sightloop.web import shapes
from sightloop.web.desk import AtDesk, Labeller, Manager, Uploader, Viewer
from sightloop.web.shapes import ImageShape, Listed, PredictionShape, iso_times

router = APIRouter(prefix="/api/v1/images", tags=["images"])

BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}
}


PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}
DRAWN = {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}


class ImageDetail(ImageShape):
    """A picture with its newest prediction, its scale, and the free facts that an import gave it."""

    meta: Json
    prediction: PredictionShape | None
    model_confidence: float | None
    px_per_mm: float | None
    px_per_mm_from: Literal["image", "project"] | None


class Circle(shapes.Shape):
    """A circle in pixels of the upright picture."""

    x: float
    y: float
    radius: float


class Region(shapes.Shape):
    """The part of a picture that its project is about, in its pixels; all of it where nothing was `found`."""

    kind: str
    found: bool
    x: float
    y: float
    width: float
    height: float
    circle: Circle | None


class Correction(shapes.Request):
    """What a person says: a class, `unknown`, or null to take it back; `revision` is the one they looked at."""

    value: str | None
    revision: int | None = None


class Purged(shapes.Shape):
    """A picture that is gone for good, and the numbers of the versions that learnt from it."""

    image_id: str
    taught: list[int]
    sentence: str


class Verification(shapes.Request):
    """`revision` is the one the person looked at."""

    revision: int | None = None


@router.get("/{image_id}")
async def show(image_id: str, user: Viewer, desk: AtDesk) -> ImageDetail:
    """One picture with its newest prediction."""
    found = await desk.ask(library.show, user=user, image_id=image_id)
    return ImageDetail.model_validate({**found, "model_confidence": found["confidence"]})


@router.get("/{image_id}/history")
async def history(image_id: str, user: Viewer, desk: AtDesk) -> Listed[Json]:
    """Who or what said what of this picture, and when, oldest first."""
    found = await desk.ask(library.history, user=user, image_id=image_id)
    return Listed(items=[iso_times(one) for one in found])


@router.get("/{image_id}/thumbnail", responses=BYTES, response_class=Response)
async def thumbnail(image_id: str, request: Request, user: Viewer, desk: AtDesk) -> Response:
    """A WebP without metadata, longest side 256 pixels."""
    data = await desk.ask(library.thumbnail, user=user, image_id=image_id)
    headers = {"cache-control": "private, max-age=86400", "etag": f'"thumb-{image_id}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/webp", headers=headers)


@router.get("/{image_id}/preview", responses=BYTES, response_class=Response)
async def preview(image_id: str, request: Request, user: Viewer, desk: AtDesk, side: int = 2048) -> Response:
    """A WebP without metadata, upright, longest side at most `side` (256 to 4096) pixels and never enlarged."""
    headers = {"cache-control": "private, max-age=86400", "etag": f'"preview-{side}-{image_id}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        await desk.ask(image_for, user=user, image_id=image_id, action="view")
        return Response(status_code=304, headers=headers)
    data = await desk.ask_computing(library.preview, user=user, image_id=image_id, side=side)
    return Response(data, media_type="image/webp", headers=headers)


@router.get("/{image_id}/region")
async def region(image_id: str, user: Viewer, desk: AtDesk) -> Region:
    """Which part of the picture the project is about, such as the eye; 404 where it is about whole pictures."""
    return Region.model_validate(await desk.ask_computing(looking.region, user=user, image_id=image_id))


@router.get("/{image_id}/original", responses=BYTES, response_class=Response)
async def original(image_id: str, user: Uploader, desk: AtDesk) -> Response:
    """The file as it came, to be saved, never shown: its metadata may say where it was taken."""
    path, image = await desk.ask(library.original, user=user, image_id=image_id)
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(image.name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-store",
    }
    return FileResponse(path, media_type=image.media_type, headers=headers)


@router.put("/{image_id}/label")
async def label(image_id: str, body: Correction, user: Labeller, desk: AtDesk) -> ImageShape:
    """Say what a picture shows."""
    changed = await desk.ask(correct.correct, user=user, image_id=image_id, value=body.value, revision=body.revision)
    return ImageShape.model_validate(changed)


@router.post("/{image_id}/verify")
async def verify(image_id: str, user: Labeller, desk: AtDesk, body: Verification | None = None) -> ImageShape:
    """Say that what is shown is right."""
    revision = body.revision if body else None
    changed = await desk.ask(correct.verify, user=user, image_id=image_id, revision=revision)
    return ImageShape.model_validate(changed)


@router.get("/{image_id}/map", responses=PNG, response_class=Response)
async def probability_map(
    image_id: str, request: Request, user: Viewer, desk: AtDesk, class_name: Annotated[str, Query(alias="class")] = ""
) -> Response:
    """How likely each pixel is of a class, as an 8-bit grey PNG of the picture's own size: value = round(255 · p)."""
    data = await desk.ask_computing(masking.probability_png, user=user, image_id=image_id, class_name=class_name)
    return _png(request, data)


@router.get("/{image_id}/mask", responses=PNG, response_class=Response)
async def mask(
    image_id: str,
    request: Request,
    user: Viewer,
    desk: AtDesk,
    source: Origin = "best",
    threshold: float | None = None,
    format: Kind = "png",  # noqa: A002  the name in the address
    side: int | None = None,
) -> Response:
    """The human's mask or the model's as PNG of the picture's own size; `index` has the class index as grey value.

    With `side` it is shrunk to that longest side, as for a thumbnail; thin things stay.
    """
    data = await desk.ask_computing(
        masking.mask_png, user=user, image_id=image_id, origin=source, threshold=threshold, kind=format, side=side
    )
    return _png(request, data)


def _png(request: Request, data: bytes) -> Response:
    """A PNG that a browser asks for again only to hear that it has not changed."""
    headers = {"cache-control": "private, no-cache", "etag": f'"{hashlib.sha256(data).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/png", headers=headers)


@router.put("/{image_id}/mask", openapi_extra={"requestBody": DRAWN})
async def draw(
    image_id: str, request: Request, user: Labeller, desk: AtDesk, revision: int | None = None, of: str | None = None
) -> ImageShape:
    """Say which pixels belong to what: the body is a PNG of class indices, or of 0 and 255, of the picture's own size.

    Instead of a body, `of` takes an earlier mask of this picture back, by its SHA-256.
    """
    data = await request.body()
    drawn = await (
        desk.ask_computing(masking.earlier, user=user, image_id=image_id, sha256=of)
        if of
        else desk.ask_computing(masking.read, user=user, image_id=image_id, data=data)
    )
    changed = await desk.ask_computing(correct.redraw, user=user, image_id=image_id, mask=drawn, revision=revision)
    return ImageShape.model_validate(changed)


@router.delete("/{image_id}")
async def discard(image_id: str, user: Labeller, desk: AtDesk) -> ImageShape:
    """Put a picture into the trash."""
    return ImageShape.model_validate(await desk.ask(trash.discard, user=user, image_id=image_id))


@router.post("/{image_id}/restore")
async def restore(image_id: str, user: Labeller, desk: AtDesk) -> ImageShape:
    """Take a picture out of the trash."""
    return ImageShape.model_validate(await desk.ask(trash.restore, user=user, image_id=image_id))


@router.delete("/{image_id}/permanently")
async def purge(image_id: str, user: Manager, desk: AtDesk) -> Purged:
    """Remove a trashed picture for good: rows, file, thumbnail, embedding; says which versions learnt from it."""
    return Purged.model_validate(await desk.ask_computing(trash.purge, user=user, image_id=image_id))
