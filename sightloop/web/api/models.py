"""A project's model versions: look, put live, go back, and the deployment log."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from sightloop.core.entities import Json
from sightloop.flows import models
from sightloop.web import shapes
from sightloop.web.desk import AtDesk, Promoter, Trainer, Viewer
from sightloop.web.shapes import Instant, Listed, PromotionShape, Shape

router = APIRouter(prefix="/api/v1/projects/{project}", tags=["models"])


class VersionShape(Shape):
    """A model version; `bundle` is the SHA-256 of its packed file."""

    id: str
    number: int
    bundle: str
    family: str
    params: Json
    snapshot_id: str | None
    metrics: Json
    created_by: str | None
    created_at: Instant
    alias: str | None = None


class VersionDetail(VersionShape):
    """A model version with its card in Markdown."""

    card: str


class Reason(shapes.Request):
    """Why, for the deployment log."""

    reason: str = ""


@router.get("/models")
async def listing(project: str, user: Viewer, desk: AtDesk) -> Listed[VersionShape]:
    """All versions, newest first."""
    found = await desk.ask(models.listing, user=user, name=project)
    return Listed(items=[VersionShape.model_validate(one) for one in found])


@router.get("/models/{ref}")
async def show(project: str, ref: str, user: Viewer, desk: AtDesk) -> VersionDetail:
    """One version, by number or alias, with its card."""
    return VersionDetail.model_validate(await desk.ask(models.show, user=user, name=project, ref=ref))


@router.get("/models/{ref}/plots/{plot}", response_class=Response)
async def plot(project: str, ref: str, plot: str, user: Viewer, desk: AtDesk) -> Response:
    """One of a version's plots as SVG: confusion, roc, curve."""
    drawn = await desk.ask(models.plot, user=user, name=project, ref=ref, plot=plot)
    policy = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(drawn, media_type="image/svg+xml", headers=policy)


@router.post("/models/{ref}/promote")
async def promote(project: str, ref: str, user: Promoter, desk: AtDesk, body: Reason | None = None) -> PromotionShape:
    """Put a version live; every server follows within a second."""
    reason = body.reason if body else ""
    done = await desk.ask(models.promote, user=user, name=project, ref=ref, reason=reason)
    desk.targets.forget()
    return PromotionShape.model_validate(done)


@router.post("/rollback")
async def rollback(project: str, user: Promoter, desk: AtDesk, body: Reason | None = None) -> PromotionShape:
    """Put the previous version back."""
    done = await desk.ask(models.rollback, user=user, name=project, reason=body.reason if body else "")
    desk.targets.forget()
    return PromotionShape.model_validate(done)


@router.get("/promotions")
async def promotions(project: str, user: Viewer, desk: AtDesk) -> Listed[PromotionShape]:
    """Who put which version live when, oldest first."""
    found = await desk.ask(models.log, user=user, name=project)
    return Listed(items=[PromotionShape.model_validate(one) for one in found])


@router.post("/rescore", status_code=202)
async def rescore(project: str, user: Trainer, desk: AtDesk) -> Json:
    """Queue the live model's answers for pictures that an older one answered; labels are never touched."""
    return await desk.ask(models.rescore, user=user, name=project)
