"""Take a picture with what a person says of it, for the next training."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from sightloop.core.entities import Json, User
from sightloop.core.errors import Rejected
from sightloop.flows import lessons
from sightloop.flows.access import project_for
from sightloop.flows.upload import Incoming
from sightloop.web.desk import AtDesk, Desk, Labeller, Uploader
from sightloop.web.once import once
from sightloop.web.shapes import ImageShape, Shape
from sightloop.web.uploads import Received, files_on_disk

router = APIRouter(prefix="/api/v1", tags=["review"])

FILES = frozenset({"image", "file", "mask"})
BINARY = {"type": "string", "format": "binary"}
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "image": BINARY,
                        "mask": {**BINARY, "description": "Class indices, or 0 and 255, of the picture's own size."},
                        "label": {"type": "string", "description": "Instead of a mask: a class, or `nothing`."},
                        "metadata": {"type": "string", "description": "A JSON object, kept with the picture."},
                    },
                    "required": ["image"],
                }
            }
        },
    }
}


class Saved(Shape):
    """The picture as it is now, whether it is new, and how many corrections there are of those wanted."""

    image: ImageShape
    created: bool
    note: str | None
    corrected: int
    wanted: int
    ready: bool


@router.post("/projects/{project}/save-for-retrain", openapi_extra=FORM, responses={200: {"model": Saved}})
async def save(project: str, request: Request, user: Labeller, _: Uploader, desk: AtDesk) -> Response:
    """Store a picture, or find it, with the mask that a person drew of it; the next training learns from it."""
    await desk.ask(project_for, user=user, name=project, action="label")
    folder, cap = desk.services.blobs.incoming, desk.settings.max_upload_bytes
    async with files_on_disk(request.scope, request.receive, folder=folder, cap=cap, names=FILES) as received:
        given = _given(received)
        picture, mask = given.get("image") or given.get("file"), given.get("mask")
        if picture is None:
            raise Rejected("no picture was sent.", hint="Send it as `image`.")
        fields = received.fields
        metadata = lessons.metadata(fields.get("metadata", ""))

        async def carry_out() -> tuple[int, Json]:
            return 200, await _save(desk, user, project, picture, mask, label=fields.get("label"), metadata=metadata)

        asked = [project, picture.sha256, mask.sha256 if mask else None, fields]
        return await once(request, desk, user=user, asked=asked, carry_out=carry_out)


def _given(received: Received) -> dict[str, Incoming]:
    """The files by the names of their fields; raises Rejected where one was refused."""
    found: dict[str, Incoming] = {}
    for part, one in received.files:
        if one is None:
            raise Rejected(part.refused or f"{part.name!r} was refused.")
        found[part.field] = one
    return found


async def _save(
    desk: Desk,
    user: User,
    project: str,
    picture: Incoming,
    mask: Incoming | None,
    *,
    label: str | None,
    metadata: Json,
) -> Json:
    drawn = await desk.pool.run(mask.path.read_bytes) if mask else None
    found = await desk.ask_computing(
        lessons.save, user=user, project=project, picture=picture, mask=drawn, label=label or None, metadata=metadata
    )
    return Saved.model_validate(found).model_dump(mode="json")
