"""The Open Inference Protocol (v2): a project is a model, so that clients of other servers need no change."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from sightloop import __version__
from sightloop.core.entities import Answer, Json, User
from sightloop.core.errors import BadImage, Rejected
from sightloop.flows import inferring, predict
from sightloop.flows.predict import Target
from sightloop.web import tensors
from sightloop.web.desk import AtDesk, Desk, Viewer
from sightloop.web.errors import TooLarge
from sightloop.web.health import Health
from sightloop.web.plain import PlainRoute

router = APIRouter(prefix="/v2", tags=["inference"])

MODEL, VERSION = "/models/{project}", "/models/{project}/versions/{ref}"
EXTENSIONS = ["binary_tensor_data", "model_configuration", "model_repository"]
MAX_BODY = 128 << 20
ABREAST = 16  # pictures of one request in the queue at once, so that others get their turn
TIMEOUT = 30.0
ANYTHING: Json = {"type": "object", "additionalProperties": True}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": ANYTHING},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
SAYS = {
    "/v2": "What this server is and which extensions it knows.",
    "/v2/health/live": "The process answers.",
    "/v2/health/ready": "Database, storage and model runtime work.",
}


def probes(health: Health) -> list[BaseRoute]:
    """What a stranger may ask."""

    async def server(_: Request) -> Response:
        return JSONResponse({"name": "sightloop", "version": __version__, "extensions": EXTENSIONS})

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(request: Request) -> Response:
        status = (await health.ready(request)).status_code
        return JSONResponse({"ready": status == 200}, status)

    return [PlainRoute(path, call) for path, call in zip(SAYS, (server, live, ready), strict=True)]


def described() -> Json:
    """The OpenAPI paths of the probes."""
    return {
        path: {
            "get": {
                "tags": ["inference"],
                "summary": path,
                "description": says,
                "operationId": path.strip("/").replace("/", "_"),
                "responses": {"200": {"description": says, "content": {"application/json": {"schema": ANYTHING}}}},
            }
        }
        for path, says in SAYS.items()
    }


@router.get(MODEL)
@router.get(VERSION)
async def metadata(project: str, user: Viewer, desk: AtDesk, ref: str = "") -> Json:
    """The model's inputs (send one of them) and outputs; the classes are in `parameters`, as JSON in a text."""
    found = await _look(desk, user=user, project=project, ref=ref)
    return {
        "name": found["name"],
        "versions": found["versions"],
        "platform": "sightloop",
        "inputs": [{"name": name, "datatype": kind, "shape": _input(name)} for name, kind in tensors.INPUTS.items()],
        "outputs": [
            {"name": name, "datatype": kind, "shape": _output(name, found["classes"])}
            for name, kind in tensors.OUTPUTS.items()
        ],
        "parameters": {"classes": json.dumps(found["classes"]), "task": found["task"], "family": found["family"]},
    }


@router.get(f"{MODEL}/config")
@router.get(f"{VERSION}/config")
async def configuration(project: str, user: Viewer, desk: AtDesk, ref: str = "") -> Json:
    """The same in the words of a model repository; both inputs are optional, for one is enough."""
    found = await _look(desk, user=user, project=project, ref=ref)
    return {
        "name": found["name"],
        "platform": "sightloop",
        "backend": "sightloop",
        "max_batch_size": 0,
        "input": [
            {"name": name, "data_type": _config_type(kind), "dims": _input(name), "optional": True}
            for name, kind in tensors.INPUTS.items()
        ],
        "output": [
            {"name": name, "data_type": _config_type(kind), "dims": _output(name, found["classes"])}
            for name, kind in tensors.OUTPUTS.items()
        ],
        "parameters": {"classes": {"string_value": json.dumps(found["classes"])}},
    }


def _config_type(kind: str) -> str:
    return "TYPE_STRING" if kind == "BYTES" else f"TYPE_{kind}"


def _input(name: str) -> list[int]:
    return [-1] if name == "image" else [-1, -1, -1, tensors.COLOURS]


def _output(name: str, classes: Sequence[str]) -> list[int]:
    return [-1, len(classes)] if name == "probabilities" else [-1]


async def _look(desk: Desk, *, user: User, project: str, ref: str) -> Json:
    return await desk.ask(inferring.described, user=user, project=project, model=ref or "champion")


@router.get(f"{MODEL}/ready")
@router.get(f"{VERSION}/ready")
async def model_ready(project: str, user: Viewer, desk: AtDesk, ref: str = "") -> Json:
    """Whether the model can be asked."""
    where = await _target(desk, user=user, project=project, ref=ref)
    return {"name": where.project.name, "ready": True}


@router.post("/repository/index")
async def index(user: Viewer, desk: AtDesk) -> list[Json]:
    """Every project that you have a part in, as a model."""
    found = await desk.ask(inferring.index, user=user)
    return [
        {
            "name": one["name"],
            "version": "" if one["version"] is None else str(one["version"]),
            "state": "READY" if one["ready"] else "UNAVAILABLE",
            "reason": "" if one["ready"] else "no model yet",
        }
        for one in found
    ]


@router.post(f"{MODEL}/infer", openapi_extra=BODY, response_class=Response)
@router.post(f"{VERSION}/infer", openapi_extra=BODY, response_class=Response)
async def infer(project: str, request: Request, user: Viewer, desk: AtDesk, ref: str = "") -> Response:
    """Ask about up to 256 pictures at once; they are answered by one version, all or none.

    `image` holds encoded files (BYTES, shape [n]; in JSON as base64), `pixels` RGB values (UINT8, [n, h, w, 3]).
    """
    where = await _target(desk, user=user, project=project, ref=ref)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Rejected("a compressed body is not taken.", hint="Pictures are compressed already.")
    async with _body(request, desk) as body:
        header = request.headers.get(tensors.HEADER)
        asked = await desk.computing.run(lambda: tensors.read(body, header=header))
        said = await _answered(desk, asked.pictures, where=where)
    written, length = tensors.write(said, asked)
    if length is None:
        return Response(written, media_type="application/json")
    return Response(written, media_type="application/octet-stream", headers={tensors.HEADER: str(length)})


@asynccontextmanager
async def _body(request: Request, desk: Desk) -> AsyncIterator[bytes]:
    """The whole body, counted among the pictures on their way into memory."""
    data = bytearray()
    try:
        async for chunk in request.stream():
            if len(data) + len(chunk) > MAX_BODY:
                raise TooLarge(MAX_BODY)
            desk.memory.take(len(chunk))
            data += chunk
        yield bytes(data)
    finally:
        desk.memory.give(len(data))


async def _target(desk: Desk, *, user: User, project: str, ref: str) -> Target:
    """Where to ask, nailed to the version that is live now: one request is answered by one model."""
    model = ref or "champion"
    where = await desk.targets.get(
        (user.id, project, model), lambda: desk.ask(predict.target, user=user, project=project, model=model)
    )
    return dataclasses.replace(where, version_id=where.version_id or where.project.live_version_id)


async def _answered(desk: Desk, pictures: tensors.Pictures, *, where: Target) -> tensors.Answered:
    given = pictures
    files = await desk.computing.run(lambda: inferring.files(given)) if isinstance(given, np.ndarray) else given
    gate = asyncio.Semaphore(ABREAST)
    answers = await asyncio.gather(*(_one(desk, place, data, where, gate) for place, data in enumerate(files)))
    rows = [predict.render(answer, where=where, mask="none") for answer in answers]
    return tensors.Answered(
        model=where.project.name,
        version=rows[0]["model_version"],
        classes=answers[0].classes,
        probabilities=np.array([answer.probabilities for answer in answers], np.float32),
        confidence=np.array([row["confidence"] for row in rows], np.float32),
        prediction=[row["prediction"] for row in rows],
    )


async def _one(desk: Desk, place: int, data: bytes, where: Target, gate: asyncio.Semaphore) -> Answer:
    most = desk.settings.max_upload_bytes
    async with gate:
        if len(data) > most:
            raise Rejected(f"picture {place} has {len(data)} bytes.", hint=f"At most {most}.")
        try:
            return await asyncio.wrap_future(predict.submit(desk.services, data, where=where, timeout=TIMEOUT))
        except BadImage as error:
            raise BadImage(f"picture {place}: {error.message}", hint=error.hint) from error
