"""The predecessors' routes about pictures: send, re-sort, delete, fetch."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sightloop.core.entities import Image, Json, User
from sightloop.core.errors import Rejected
from sightloop.flows import correct, exporting, old_clients, trash
from sightloop.web.api import images
from sightloop.web.api.transfers import ZIP
from sightloop.web.desk import AtDesk, Desk, Exporter, Labeller, Uploader
from sightloop.web.legacy_accounts import fields_of
from sightloop.web.old_projects import project_for
from sightloop.web.uploads import files_on_disk

router = APIRouter(tags=["legacy"])

KEYS = ("new_class", "new_label", "class")
CHANGE: dict[str, Any] = {
    "requestBody": {
        "content": {"application/json": {"schema": {"type": "object", "properties": {"new_class": {"type": "string"}}}}}
    }
}


@router.post("/upload/", status_code=201, openapi_extra=images.FORM, response_class=Response)
async def upload(request: Request, user: Uploader, desk: AtDesk) -> Response:
    """Store pictures and sort them by the live model's answers; a file that cannot be taken fails no other."""
    project = await project_for(desk, user=user, route="upload", action="upload")
    folder, cap = desk.services.blobs.incoming, desk.settings.max_upload_bytes
    async with files_on_disk(request.scope, request.receive, folder=folder, cap=cap) as received:
        status, report = await images.take_in(desk, user=user, project=project, received=received)
    return JSONResponse(_sorted(report), status)


def _sorted(report: Json) -> Json:
    """The report of an upload in the words of the page that showed it."""
    rows = []
    for row in report["files"]:
        image = row["image"] or {}
        said = {"predicted_class": image.get("shown"), "confidence": image.get("confidence")}
        rows.append({"filename": row["name"], "status": row["outcome"], "error": row["reason"], **said})
        rows[-1]["image_id"] = image.get("id")
    numbers = {name: report[name] for name in ("total", "stored", "duplicate", "failed")}
    return {"message": f"{report['stored']} of {report['total']} pictures were stored.", **numbers, "results": rows}


@router.put("/update-class/{old_class}/{filename}", openapi_extra=CHANGE)
@router.post("/update-class/{old_class}/{filename}", openapi_extra=CHANGE)
async def update_class(old_class: str, filename: str, request: Request, user: Labeller, desk: AtDesk) -> Json:
    """Say what a picture shows, as `new_class` in JSON, in a form or in the query; its name or its id finds it."""
    project = await project_for(desk, user=user, route="update-class", action="label")
    given = {**dict(request.query_params), **await fields_of(request)}
    new = next((given[key] for key in KEYS if given.get(key)), None)
    if new is None:
        raise Rejected("no new class was sent.", hint='Send {"new_class": "..."}.')
    image = await _find(desk, user=user, project=project, shown=old_class, name=filename)
    changed = await desk.ask(correct.correct, user=user, image_id=image.id, value=new)
    said = {"message": "Class updated.", "old_class": old_class, "new_class": changed.shown}
    return {**said, "filename": image.name, "image_id": image.id}


@router.delete("/delete-image/{class_name}/{filename}")
async def delete_image(class_name: str, filename: str, user: Labeller, desk: AtDesk) -> Json:
    """Put a picture into the trash; its name or its id finds it."""
    project = await project_for(desk, user=user, route="delete-image", action="label")
    image = await _find(desk, user=user, project=project, shown=class_name, name=filename)
    await desk.ask(trash.discard, user=user, image_id=image.id)
    return {"message": "Image deleted.", "class": class_name, "filename": image.name, "image_id": image.id}


async def _find(desk: Desk, *, user: User, project: str, shown: str, name: str) -> Image:
    return await desk.ask(old_clients.picture, user=user, project=project, shown=shown, name=name)


@router.get("/download-zip/", responses=ZIP, response_class=Response)
async def download_zip(user: Exporter, desk: AtDesk) -> Response:
    """A ZIP of all pictures in the folders of their classes, streamed."""
    project = await project_for(desk, user=user, route="download-zip", action="export")
    count, pieces = await desk.ask(exporting.stream, user=user, name=project)
    headers = {"content-disposition": f'attachment; filename="{project}.zip"', "x-total-count": str(count)}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)
