"""What versions learnt from: a project's snapshots, what differs between two, the lineage of pictures and answers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from sightloop.core.entities import Side
from sightloop.flows import lineage, snapshots
from sightloop.web import shapes
from sightloop.web.desk import AtDesk, Exporter, Viewer
from sightloop.web.shapes import Instant, Listed, Shape

router = APIRouter(prefix="/api/v1", tags=["models"])

MEDIA = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA.values()}}
}


class SnapshotNew(Shape):
    """The pictures that the live version of then had not learnt: how many, their share of the weight (0 to 1)."""

    n: int
    share: float
    weight: float


class SnapshotShape(Shape):
    """What a training learnt from: `n` pictures, counted per side and class, and the versions made of it.

    `held_back` are new labels left out because one person gave too many of them, `waiting` corrections without a second
    opinion, both by name. `new` is null where no version was live.
    """

    id: str
    hash: str
    at: Instant
    by_name: str | None
    n: int
    counts: dict[str, dict[str, int]]
    held_back: dict[str, int]
    waiting: dict[str, int]
    new: SnapshotNew | None
    versions: list[int]


class ClassChange(Shape):
    """How many pictures of a class there were, and are."""

    name: str = Field(alias="class")
    before: int
    after: int


class Relabelled(Shape):
    """A picture with its word before and after; equal where only its mask changed."""

    image_id: str
    before: str
    after: str


class SnapshotExamples(Shape):
    """At most 24 pictures of each difference."""

    added: list[str]
    removed: list[str]
    relabelled: list[Relabelled]


class SnapshotDiff(Shape):
    """What differs from an earlier snapshot (null: there is none); `moved` pictures are on another side now."""

    snapshot_id: str
    against: str | None
    before: int
    after: int
    added: int
    removed: int
    relabelled: int
    moved: int
    per_class: list[ClassChange]
    examples: SnapshotExamples
    sentence: str


class MetVersion(Shape):
    """A version that met a picture, and on which side of its snapshot."""

    version: int
    version_id: str
    side: Side
    live: bool
    snapshot_id: str


class Provenance(Shape):
    """Where an answer comes from: SHA-256 of picture, bundle and snapshot, the version, and who made it."""

    id: str
    image_id: str
    sha256: str
    version: int
    version_id: str
    family: str
    bundle: str
    snapshot: str | None
    snapshot_id: str | None
    code_version: str | None
    floor: float
    threshold: float | None
    route: str
    predicted: str
    shown: str
    confidence: float
    at: Instant


class ImageLineage(Shape):
    """Which versions a picture taught and judged, and where its present answer comes from."""

    image_id: str
    sha256: str
    taught: list[MetVersion]
    judged: list[MetVersion]
    prediction: Provenance | None
    sentence: str


class TaughtVersion(Shape):
    """A version, and how many of the pictures asked about taught it."""

    version: int
    version_id: str
    live: bool
    pictures: int


class LineageOfMany(Shape):
    """The versions that learnt from some of the pictures."""

    versions: list[TaughtVersion]
    sentence: str


class Asked(shapes.Request):
    """At most 1,000 pictures."""

    image_ids: list[str] = Field(max_length=lineage.MOST)


@router.get("/projects/{project}/snapshots")
async def listing(project: str, user: Viewer, desk: AtDesk) -> Listed[SnapshotShape]:
    """Every snapshot, the newest first."""
    found = await desk.ask(snapshots.listing, user=user, project=project)
    return Listed(items=[SnapshotShape.model_validate(one) for one in found])


@router.get("/projects/{project}/snapshots/{snapshot_id}/diff")
async def diff(
    project: str, snapshot_id: str, user: Viewer, desk: AtDesk, against: str = snapshots.PREVIOUS
) -> SnapshotDiff:
    """What differs from another snapshot, the one before where none is named."""
    found = await desk.ask_computing(
        snapshots.diff, user=user, project=project, snapshot_id=snapshot_id, against=against
    )
    return SnapshotDiff.model_validate(found)


@router.get("/projects/{project}/snapshots/{snapshot_id}/export", responses=FILE, response_class=Response)
async def export(
    project: str,
    snapshot_id: str,
    user: Exporter,
    desk: AtDesk,
    form: Annotated[snapshots.Form, Query()] = "jsonl",
) -> Response:
    """A snapshot as a file, one picture a line; as JSON Lines the very bytes that its hash is of."""
    data = await desk.ask_computing(snapshots.export, user=user, project=project, snapshot_id=snapshot_id, form=form)
    name = f"{project}-snapshot-{snapshot_id}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}
    return Response(data, media_type=MEDIA[form], headers=headers)


@router.post("/projects/{project}/lineage")
async def lineage_of_many(project: str, body: Asked, user: Viewer, desk: AtDesk) -> LineageOfMany:
    """Which versions learnt from these pictures, and from how many of them."""
    found = await desk.ask_computing(lineage.of_images, user=user, project=project, image_ids=body.image_ids)
    return LineageOfMany.model_validate(found)


@router.get("/images/{image_id}/lineage")
async def lineage_of_image(image_id: str, user: Viewer, desk: AtDesk) -> ImageLineage:
    """Which versions learnt from a picture or were judged on it, and where its answer comes from."""
    return ImageLineage.model_validate(await desk.ask_computing(lineage.of_image, user=user, image_id=image_id))


@router.get("/predictions/{prediction_id}/lineage")
async def lineage_of_prediction(prediction_id: str, user: Viewer, desk: AtDesk) -> Provenance:
    """Where an answer comes from: picture, version, bundle, snapshot and code by their hashes."""
    found = await desk.ask(lineage.of_prediction, user=user, prediction_id=prediction_id)
    return Provenance.model_validate(found)
