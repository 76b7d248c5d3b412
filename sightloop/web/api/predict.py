"""Ask a model about pictures that are not kept: one, on the fast lane, or a batch."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import cast, get_args
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sightloop.core.entities import Answer, Json, User
from sightloop.core.errors import Overloaded, Rejected, SightloopError, Unavailable
from sightloop.flows import predict
from sightloop.flows.marking import MaskForm
from sightloop.flows.predict import Target
from sightloop.flows.upload import Incoming
from sightloop.web import shapes
from sightloop.web.api.measurements import Figures
from sightloop.web.desk import AtDesk, Desk, Viewer
from sightloop.web.session import Caller
from sightloop.web.uploads import Part, file_in_memory, files_on_disk

router = APIRouter(prefix="/api/v1", tags=["predict"])

PATH = "/api/v1/projects/{project}/predict"
TIMEOUT = 30.0
ABREAST = 16  # pictures of one batch in the queue at once, so that others get their turn
TRIES, PAUSE = 60, 0.5  # how often, and how many seconds apart, a picture of a batch asks for room in the queue
MAX_BATCH_FILES = 1_000
MODELS = "champion, previous, challenger, a number; or fast, accurate or cascade where there is a cascade"
ANSWERS = [{"$ref": f"#/components/schemas/{name}"} for name in ("Prediction", "Marked")]


class Prediction(shapes.Shape):
    """What the model says; `processing_time` in seconds, `off_domain` the share of ordinary pictures less strange.

    `reason` says why `prediction` is "unknown" (low_confidence, off_domain, retake, human), `advice` what to do then.
    """

    prediction: str
    predicted: str
    reason: str | None
    advice: str | None
    confidence: float
    probabilities: dict[str, float]
    model_used: str
    model_version: int
    route: str
    processing_time: float
    worker_id: int
    off_domain: float | None


class RunLengths(shapes.Shape):
    """COCO's run lengths: `size` is height and width, `counts` go column by column, unset pixels first."""

    size: tuple[int, int]
    counts: list[int]


class Marked(Prediction):
    """What a model that segments says: `mask` of all classes, `masks` of each; `mask_png` is base64, if asked for."""

    threshold: float
    certainty: float
    area_share: float
    mask: RunLengths | None = None
    masks: dict[str, RunLengths] | None = None
    measurements: Figures | None = None
    mask_png: str | None = None


class BatchRow(shapes.Shape):
    """What became of one file: an answer, or an error and no answer."""

    name: str
    answer: Marked | Prediction | None = None
    error: str | None = None


class BatchSummary(shapes.Shape):
    """How many files were answered, and with what."""

    total: int
    answered: int
    failed: int
    predictions: dict[str, int]


class Batch(shapes.Shape):
    """One row per file, in order."""

    results: list[BatchRow]
    summary: BatchSummary


def form(*, many: bool) -> Json:
    """The OpenAPI description of a multipart body."""
    file = {"type": "string", "format": "binary"}
    fields: Json = {"files": {"type": "array", "items": file}} if many else {"image": file}
    fields["model"] = {"type": "string", "default": "champion", "description": MODELS}
    schema = {"type": "object", "properties": fields, "required": ["files" if many else "image"]}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


class Predict:
    """One picture in, one answer out: plain ASGI, because a framework's form and model cost a tenth of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        desk: Desk = scope["app"].state.desk
        caller: Caller = scope["state"]["caller"]
        caller.need("view")
        project: str = scope["path_params"]["project"]
        query = parse_qs(scope["query_string"].decode("latin-1"))
        model, form = query.get("model", ["champion"])[-1], _form(query.get("mask", ["rle"])[-1])
        where = await _early(desk, user=caller.user, project=project, model=model)
        cap = desk.settings.max_upload_bytes
        async with file_in_memory(scope, receive, memory=desk.memory, cap=cap) as (data, fields):
            model = fields.get("model", model)
            if where is None or "model" in fields:
                where = await _target(desk, user=caller.user, project=project, model=model)
            answer = await _submit(desk, data, where=where)
        body = await _rendered(desk, answer, where=where, form=form)
        await Response(body, media_type="application/json")(scope, receive, send)


def _form(asked: str) -> MaskForm:
    if asked not in get_args(MaskForm):
        raise Rejected(f"mask {asked!r} does not fit.", hint=f"Use {', '.join(get_args(MaskForm))}.")
    return cast(MaskForm, asked)


async def _rendered(desk: Desk, answer: Answer, *, where: Target, form: MaskForm) -> bytes:
    """The answer as JSON; only one with a mask is worth a thread of its own."""
    if answer.map is None:
        return json.dumps(predict.render(answer, where=where)).encode()
    return await desk.computing.run(lambda: json.dumps(predict.render(answer, where=where, mask=form)).encode())


async def _target(desk: Desk, *, user: User, project: str, model: str) -> Target:
    """Where to ask; looked up at most once a second."""
    return await desk.targets.get(
        (user.id, project, model), lambda: desk.ask(predict.target, user=user, project=project, model=model)
    )


async def _early(desk: Desk, *, user: User, project: str, model: str) -> Target | None:
    """Refuse strangers before their picture is read; None where another model may still be named by the form."""
    try:
        return await _target(desk, user=user, project=project, model=model)
    except Unavailable:
        return None


async def _submit(desk: Desk, data: bytes, *, where: Target) -> Answer:
    return await asyncio.wrap_future(predict.submit(desk.services, data, where=where, timeout=TIMEOUT))


@router.post("/projects/{project}/predict/batch", openapi_extra={"requestBody": form(many=True)})
async def batch(project: str, request: Request, user: Viewer, desk: AtDesk, mask: MaskForm = "none") -> Batch:
    """Ask about many pictures; one that cannot be answered is a row with its reason and fails no other.

    Masks are only in the answer where they are asked for: those of many large pictures take memory.
    """
    return await answered(project, request, user, desk, mask=mask)


async def answered(
    project: str, request: Request, user: User, desk: Desk, *, mask: MaskForm, usual: str = "champion"
) -> Batch:
    """The answers to the files of this request, of the model that its form names, else the `usual` one."""
    await _early(desk, user=user, project=project, model="champion")
    async with files_on_disk(
        request.scope, request.receive, folder=desk.services.blobs.incoming, cap=desk.settings.max_upload_bytes
    ) as received:
        if len(received.files) > MAX_BATCH_FILES:
            raise Rejected(f"{len(received.files)} files in one batch.", hint=f"Send at most {MAX_BATCH_FILES}.")
        model = received.fields.get("model", usual)
        where = await _target(desk, user=user, project=project, model=model)
        gate = asyncio.Semaphore(ABREAST)
        ask = partial(_row, desk, where=where, gate=gate, form=mask)
        rows = await asyncio.gather(*(ask(part, one) for part, one in received.files))
    said = [row.answer.prediction for row in rows if row.answer is not None]
    summary = BatchSummary(
        total=len(rows), answered=len(said), failed=len(rows) - len(said), predictions=dict(Counter(said))
    )
    return Batch(results=rows, summary=summary)


async def _row(
    desk: Desk, part: Part, one: Incoming | None, *, where: Target, gate: asyncio.Semaphore, form: MaskForm
) -> BatchRow:
    if one is None:
        return BatchRow(name=part.name, error=part.refused)
    async with gate:
        try:
            answer = await _patiently(desk, one.path, where=where)
            return BatchRow(name=part.name, answer=await _shaped(desk, answer, where=where, form=form))
        except SightloopError as error:
            return BatchRow(name=part.name, error=error.message)


async def _shaped(desk: Desk, answer: Answer, *, where: Target, form: MaskForm) -> Prediction:
    if answer.map is None:
        return Prediction(**predict.render(answer, where=where))
    return await desk.computing.run(lambda: Marked(**predict.render(answer, where=where, mask=form)))


async def _patiently(desk: Desk, path: Path, *, where: Target) -> Answer:
    """The answer, waiting for room in the queue as long as a batch may."""
    data = await desk.pool.run(path.read_bytes)
    for _ in range(TRIES - 1):
        try:
            return await _submit(desk, data, where=where)
        except Overloaded:
            await asyncio.sleep(PAUSE)
    return await _submit(desk, data, where=where)


def described() -> Json:
    """The OpenAPI operation of the fast lane, which no framework route describes."""
    found = {"description": "The answer.", "content": {"application/json": {"schema": {"anyOf": ANSWERS}}}}
    parameters = [
        {"name": "project", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "model", "in": "query", "required": False, "schema": {"type": "string", "default": "champion"}},
        {"name": "mask", "in": "query", "required": False, "schema": {"enum": get_args(MaskForm), "default": "rle"}},
    ]
    return {
        "post": {
            "tags": ["predict"],
            "summary": "Predict",
            "description": "Ask a model about one picture; nothing is kept.",
            "operationId": "predict",
            "parameters": parameters,
            "requestBody": form(many=False),
            "responses": {"200": found},
        }
    }
