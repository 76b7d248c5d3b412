"""Pictures of a project: upload, pages, and one action on many."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from sightloop.core.entities import Image, Json, User
from sightloop.core.errors import Overloaded, StorageFull, Unavailable
from sightloop.flows import answer, correct, library, upload
from sightloop.flows.filtering import filters
from sightloop.web import errors, shapes
from sightloop.web.desk import AtDesk, Desk, Labeller, Uploader, Viewer
from sightloop.web.once import once
from sightloop.web.shapes import ImageShape, Paged
from sightloop.web.uploads import Received, files_on_disk

router = APIRouter(prefix="/api/v1", tags=["images"])

INLINE_SECONDS = 2.0  # how long an upload waits for its answers; what is not done then follows

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "site": {"type": "string", "description": "Camera, place or patient: one group per site."},
                    },
                    "required": ["files"],
                }
            }
        },
    }
}


class Uploaded(shapes.Shape):
    """What became of one file."""

    name: str
    outcome: Literal["stored", "duplicate", "failed"]
    reason: str | None
    image: ImageShape | None


class UploadReport(shapes.Shape):
    """What became of every file; stored + duplicate + failed = total."""

    total: int
    stored: int
    duplicate: int
    failed: int
    files: list[Uploaded]


class Checksums(shapes.Request):
    """SHA-256 of files that a client is about to send."""

    checksums: list[str]


class Chosen(shapes.Shape):
    """Filters; what is left out does not restrict."""

    tab: str | None = None
    shown: str | None = None
    status: Literal["pending", "ready", "unreadable", "duplicate"] | None = None
    label: str | None = None
    labelled: bool | None = None
    verified: bool | None = None
    corrected: bool | None = None
    side: Literal["train", "calibration", "test", "none"] | None = None
    site: str | None = None
    source: str | None = None
    issue: str | None = None
    search: str | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    trashed: bool | None = None
    group: str | None = None
    ids: list[str] | None = None


class PageQuery(Chosen):
    """Filters, order and place of a page."""

    sort: str = "-created_at"
    cursor: str | None = None
    limit: int = 100


class Bulk(shapes.Request):
    """One action on images named by id or by filter; `expected` is the count that the person confirmed."""

    action: Literal["label", "verify", "clear", "trash", "restore"]
    image_ids: list[str] = []
    filters: Chosen | None = None
    value: str | None = None
    expected: int | None = None


class Undo(shapes.Shape):
    """What an image was before."""

    id: str
    label: str | None
    mask: str | None
    trashed: bool


class BulkReport(shapes.Shape):
    """How many images changed, and what they were before."""

    changed: int
    unchanged: int
    missing: int
    undo: list[Undo]


@router.post(
    "/projects/{project}/images",
    status_code=201,
    openapi_extra=FORM,
    responses={201: {"model": UploadReport}, 200: {"model": UploadReport}},
)
async def send(project: str, request: Request, user: Uploader, desk: AtDesk) -> Response:
    """Store pictures; 201 when one is new, 200 when all were here already, 422 when none could be taken."""
    await desk.ask(upload.check, user=user, project=project)
    async with files_on_disk(
        request.scope, request.receive, folder=desk.services.blobs.incoming, cap=desk.settings.max_upload_bytes
    ) as received:
        asked = [[part.name, one.sha256 if one else part.refused] for part, one in received.files]
        return await once(
            request,
            desk,
            user=user,
            asked=[project, asked, received.fields],
            carry_out=lambda: take_in(desk, user=user, project=project, received=received),
        )


async def take_in(desk: Desk, *, user: User, project: str, received: Received) -> tuple[int, Json]:
    """The status and the `UploadReport` of an upload whose body has come."""
    site = received.fields.get("site") or None
    kept = iter(await desk.ask(upload.keep, user=user, project=project, incoming=received.incoming, site=site))
    outcomes = [
        upload.Outcome(part.name, "failed", None, part.refused) if one is None else next(kept)
        for part, one in received.files
    ]
    waiting = [one.image for one in outcomes if one.image is not None and one.image.status == "pending"]
    answered = await _answered(desk, waiting)
    rows = [
        Uploaded(
            name=one.name,
            outcome=one.outcome,
            reason=one.reason,
            image=ImageShape.model_validate(answered.get(one.image.id, one.image)) if one.image else None,
        )
        for one in outcomes
    ]
    numbers = {kind: sum(row.outcome == kind for row in rows) for kind in ("stored", "duplicate", "failed")}
    report = UploadReport(total=len(rows), files=rows, **numbers)
    plain = report.model_dump(mode="json")
    if rows and report.failed == report.total:
        return 422, {**errors.document(422, "none of the files could be taken."), **plain}
    return 201 if report.stored else 200, plain


async def _answered(desk: Desk, waiting: list[Image]) -> dict[str, Image]:
    """The answers that come within two seconds; the rest stays pending, and the worker finishes it.

    The pictures are stored already: what keeps them from being answered now is no reason to refuse them.
    """
    if not waiting:
        return {}
    ids = [image.id for image in waiting]
    try:
        found = await desk.ask(answer.score, project_id=waiting[0].project_id, image_ids=ids, timeout=INLINE_SECONDS)
    except (Overloaded, Unavailable, StorageFull):
        return {}
    return {image.id: image for image in found}


@router.post("/projects/{project}/images/known")
async def known(project: str, body: Checksums, user: Uploader, desk: AtDesk) -> dict[str, str]:
    """Which of these files the project has already, by SHA-256, with the image's id."""
    return dict(await desk.ask(upload.known, user=user, project=project, checksums=body.checksums))


@router.get("/projects/{project}/images")
async def page(project: str, query: Annotated[PageQuery, Query()], user: Viewer, desk: AtDesk) -> Paged[ImageShape]:
    """One page of pictures; the first one says how many match in all."""
    given = filters(query.model_dump(exclude={"sort", "cursor", "limit"}, exclude_none=True))
    found, cursor = await desk.ask(
        library.page,
        user=user,
        project=project,
        filters=given,
        sort=query.sort,
        cursor=query.cursor,
        limit=query.limit,
    )
    first = query.cursor is None
    total = await desk.ask(library.count, user=user, project=project, filters=given) if first else None
    return Paged(items=[ImageShape.model_validate(one) for one in found], next_cursor=cursor, total=total)


@router.post("/projects/{project}/images/bulk", responses={200: {"model": BulkReport}})
async def bulk(project: str, body: Bulk, request: Request, user: Labeller, desk: AtDesk) -> Response:
    """Label, verify, trash or restore many pictures, all or nothing."""

    async def carry_out() -> tuple[int, Json]:
        report = await desk.ask(
            correct.bulk,
            user=user,
            project=project,
            action=body.action,
            image_ids=body.image_ids,
            filters=filters(body.filters.model_dump(exclude_none=True)) if body.filters else None,
            value=body.value,
            expected=body.expected,
        )
        return 200, BulkReport.model_validate(report).model_dump(mode="json")

    asked = [project, body.model_dump(mode="json")]
    return await once(request, desk, user=user, asked=asked, carry_out=carry_out)
