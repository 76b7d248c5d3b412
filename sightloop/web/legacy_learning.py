"""The predecessors' routes about training: start one, watch it, teach it."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import Any

from fastapi import APIRouter, Request

from sightloop.core.entities import Job, Json, User
from sightloop.core.errors import Rejected
from sightloop.flows import jobs, relearning, training
from sightloop.web.api import lessons
from sightloop.web.archives import BODY, archive_on_disk
from sightloop.web.desk import AtDesk, Desk, Labeller, Trainer, Uploader, Viewer
from sightloop.web.old_projects import project_for
from sightloop.web.shapes import iso, without_folders

router = APIRouter(tags=["legacy"])

NAMES = {"transfer": "clip", "boosted": "lgbm"}  # what the predecessor called the models of these families
SHOWN = 5
OPTIONAL: dict[str, Any] = {"requestBody": {**BODY["requestBody"], "required": False}}


@router.post("/train_clip", status_code=202)
async def train_clip(user: Trainer, desk: AtDesk, params: str = "{}") -> Json:
    """Queue the training of a fine-tuned network; `params` is a JSON object."""
    return await _train(desk, user=user, route="train_clip", family="transfer", params=params)


@router.post("/train_lgbm", status_code=202)
async def train_lgbm(user: Trainer, desk: AtDesk, params: str = "{}") -> Json:
    """Queue the training of boosted trees on a frozen network; `params` is a JSON object."""
    return await _train(desk, user=user, route="train_lgbm", family="boosted", params=params)


async def _train(desk: Desk, *, user: User, route: str, family: str, params: str) -> Json:
    project = await project_for(desk, user=user, route=route, action="train")
    try:
        given = json.loads(params)
    except (ValueError, RecursionError) as error:
        raise Rejected(f"params {params[:80]!r} is not JSON.", hint='For example params={"epochs":3}.') from error
    if not isinstance(given, dict):
        raise Rejected(f"params {params[:80]!r} is not a JSON object.", hint='For example params={"epochs":3}.')
    job = await desk.ask(training.start, user=user, name=project, family=family, params=given)
    return _queued(job)


def _queued(job: Job) -> Json:
    """What a client hears of work that was taken on."""
    return {**_told(job), "message": f"Training is queued; GET /training_status?job_id={job.id} follows it."}


def _told(job: Job) -> Json:
    family = str(job.params.get("family", ""))
    return {
        "status": job.state,
        "job_id": job.id,
        "model": NAMES.get(family, family),
        "progress": job.progress,
        "message": without_folders(job.message),
        "error": None if job.error is None else without_folders(job.error),
        "started_at": None if job.started_at is None else iso(job.started_at),
        "finished_at": None if job.finished_at is None else iso(job.finished_at),
    }


@router.get("/training_status")
async def training_status(user: Viewer, desk: AtDesk, job_id: str | None = None) -> Json:
    """The newest training, or the one asked for; `trainings` has the last five."""
    project = await project_for(desk, user=user, route="training_status", action="view")
    found = await desk.ask(jobs.listing, user=user, project=project, kinds=("train",), limit=SHOWN)
    newest = await desk.ask(jobs.show, user=user, job_id=job_id) if job_id else next(iter(found), None)
    idle: Json = {"status": "idle", "job_id": None, "message": "Nothing was trained yet."}
    return {**(idle if newest is None else _told(newest)), "trainings": [_told(job) for job in found]}


@router.post("/save-for-retrain", openapi_extra=lessons.FORM)
async def save_for_retrain(request: Request, user: Labeller, _: Uploader, desk: AtDesk) -> Json:
    """Keep a picture with the `mask` that a person drew of it and free `metadata`, for the next training."""
    project = await project_for(desk, user=user, route="save-for-retrain", action="label")
    answer = await lessons.save(project, request, user, user, desk)
    found: Json = json.loads(bytes(answer.body))
    image = found["image"]
    counts = {name: found[name] for name in ("created", "note", "corrected", "wanted", "ready")}
    return {"status": "success", "message": "Saved.", "filename": image["name"], "image_id": image["id"], **counts}


@router.post("/retrain", status_code=202, openapi_extra=OPTIONAL)
async def retrain(request: Request, user: Trainer, _: Uploader, desk: AtDesk) -> Json:
    """Queue a training; with a ZIP of class folders (as the body, or as `file`) of which it is to learn, too."""
    project = await project_for(desk, user=user, route="retrain", action="train")
    async with AsyncExitStack() as stack:
        empty = request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers
        path = None if empty else await stack.enter_async_context(archive_on_disk(request, desk))
        job = await desk.ask(relearning.retrain, user=user, name=project, archive=path)
    return _queued(job)
