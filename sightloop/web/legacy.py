"""The predecessors' routes for answers: aliases of `predict`, with the keys that their clients read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from sightloop.core.entities import Json, User
from sightloop.core.errors import Unavailable
from sightloop.flows import predict
from sightloop.flows.predict import Target
from sightloop.web.api.predict import TIMEOUT, answered, form
from sightloop.web.desk import AtDesk, Desk, Viewer
from sightloop.web.old_projects import project_for
from sightloop.web.uploads import file_in_memory

router = APIRouter(tags=["legacy"])

ONE: dict[str, Any] = {"requestBody": form(many=False)}
MANY: dict[str, Any] = {"requestBody": form(many=True)}


@router.post("/predict", openapi_extra=ONE, response_class=Response)
async def predict_one(request: Request, user: Viewer, desk: AtDesk) -> Response:
    """The live model's answer; of a project that segments `status`, `shape` and the `mask` as PNG in base64."""
    return await _answer(request, desk, user=user, route="predict", model="champion")


@router.post("/predict_clip", openapi_extra=ONE, response_class=Response)
async def predict_clip(request: Request, user: Viewer, desk: AtDesk) -> Response:
    """The answer of the cascade's accurate member, or the live model's where there is no cascade."""
    return await _answer(request, desk, user=user, route="predict_clip", model="accurate")


@router.post("/predict_lgbm", openapi_extra=ONE, response_class=Response)
async def predict_lgbm(request: Request, user: Viewer, desk: AtDesk) -> Response:
    """The answer of the cascade's fast member, or the live model's where there is no cascade."""
    return await _answer(request, desk, user=user, route="predict_lgbm", model="fast")


@router.post("/predict_ensemble", openapi_extra=ONE, response_class=Response)
async def predict_ensemble(request: Request, user: Viewer, desk: AtDesk) -> Response:
    """The cascade's answer, or the live model's where there is none."""
    return await _answer(request, desk, user=user, route="predict_ensemble", model="cascade")


@router.post("/predict_batch", openapi_extra=MANY)
async def predict_batch(request: Request, user: Viewer, desk: AtDesk) -> Json:
    """A row per file, of the cascade where there is one; a file that cannot be answered says why and fails no other."""
    project = await project_for(desk, user=user, route="predict_batch", action="view")
    _, model = await _target(desk, user=user, project=project, model="cascade")
    found = await answered(project, request, user, desk, mask="none", usual=model)
    rows = [
        {"filename": row.name, "error": row.error}
        if row.answer is None
        else {"filename": row.name, **_said(row.answer.model_dump(mode="json"), asked="cascade", model=model)}
        for row in found.results
    ]
    return {"results": rows, "summary": found.summary.model_dump(mode="json")}


async def _answer(request: Request, desk: Desk, *, user: User, route: str, model: str) -> Response:
    project = await project_for(desk, user=user, route=route, action="view")
    where, used = await _target(desk, user=user, project=project, model=model)
    cap = desk.settings.max_upload_bytes
    async with file_in_memory(request.scope, request.receive, memory=desk.memory, cap=cap) as (data, _):
        found = await asyncio.wrap_future(predict.submit(desk.services, data, where=where, timeout=TIMEOUT))
    if found.map is None:
        said = _said(predict.render(found, where=where), asked=model, model=used)
        return Response(json.dumps(said), media_type="application/json")
    said = await desk.computing.run(lambda: predict.render(found, where=where, mask="png"))
    return Response(json.dumps(_marked(said, used)), media_type="application/json")


async def _target(desk: Desk, *, user: User, project: str, model: str) -> tuple[Target, str]:
    """Where to ask, and which model that is: the live one where the project has no cascade yet."""
    try:
        return await desk.ask(predict.target, user=user, project=project, model=model), model
    except Unavailable:
        if model == "champion":
            raise
    return await desk.ask(predict.target, user=user, project=project), "champion"


def _said(answer: Json, *, asked: str, model: str) -> Json:
    """An answer with the names that a client knows, and with which model it is of."""
    instead = "" if model == asked else f" (no {asked} yet)"
    return {
        **answer,
        "model_used": f"{model}: {answer['model_used']}{instead}",
        "ray_worker_id": f"worker_{answer['worker_id']}",
    }


def _marked(answer: Json, model: str) -> Json:
    """As `_said`, with the mask as a picture."""
    lean = {name: value for name, value in answer.items() if name not in ("mask", "masks", "mask_png")}
    more = {"status": "success", "shape": list(answer["mask"]["size"]), "mask": answer["mask_png"]}
    return {**_said(lean, asked=model, model=model), **more}
