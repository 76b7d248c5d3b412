"""One picture: look, correct, verify, delete, bring back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from sightloop.core.entities import Json
from sightloop.flows import correct, library, trash
from sightloop.flows.access import image_for
from sightloop.web import shapes
from sightloop.web.desk import AtDesk, Labeller, Manager, Uploader, Viewer
from sightloop.web.shapes import ImageShape, Listed, PredictionShape, iso_times

router = APIRouter(prefix="/api/v1/images", tags=["images"])

BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}
}


class ImageDetail(ImageShape):
    """A picture with its newest prediction and the free facts that an import gave it."""

    meta: Json
    prediction: PredictionShape | None
    model_confidence: float | None


class Correction(shapes.Request):
    """What a person says: a class, `unknown`, or null to take it back; `revision` is the one they looked at."""

    value: str | None
    revision: int | None = None


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


@router.delete("/{image_id}")
async def discard(image_id: str, user: Labeller, desk: AtDesk) -> ImageShape:
    """Put a picture into the trash."""
    return ImageShape.model_validate(await desk.ask(trash.discard, user=user, image_id=image_id))


@router.post("/{image_id}/restore")
async def restore(image_id: str, user: Labeller, desk: AtDesk) -> ImageShape:
    """Take a picture out of the trash."""
    return ImageShape.model_validate(await desk.ask(trash.restore, user=user, image_id=image_id))


@router.delete("/{image_id}/permanently", status_code=204)
async def purge(image_id: str, user: Manager, desk: AtDesk) -> None:
    """Remove a trashed picture for good: rows, file, thumbnail, embedding."""
    await desk.ask(trash.purge, user=user, image_id=image_id)
