"""A project's model versions: look, put live, go back, and the deployment log."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from sightloop.core.entities import Json, Promotion
from sightloop.flows import comparing, gating, models, promotions, waiting
from sightloop.web import shapes
from sightloop.web.archives import BINARY
from sightloop.web.desk import AtDesk, Desk, Exporter, Promoter, Trainer, Viewer
from sightloop.web.figures import Difference, Interval
from sightloop.web.job_answers import told
from sightloop.web.shapes import ImageShape, Instant, JobShape, Listed, PromotionShape, Shape

router = APIRouter(prefix="/api/v1/projects/{project}", tags=["models"])

MEDIA = "application/octet-stream"
PLOTS: Json = {"image/svg+xml": BINARY, "image/webp": BINARY}


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
    by_name: str | None
    created_at: Instant
    alias: str | None = None


class VersionDetail(VersionShape):
    """A model version with its card in Markdown and its pictures per side and class, null where it has none.

    `plots` are the names under which its plots are served.
    """

    card: str | None
    counts: dict[str, dict[str, int]] | None
    plots: list[str]


class Rated(Shape):
    """A version on the compared pictures: its share of right answers, or where masks are drawn its mean Dice."""

    version: int
    accuracy: Interval | None
    dice: Interval | None


class Comparison(Shape):
    """Two versions on the same `n` pictures; `fixed` are right only with b, `broken` only with a, at most 24 each.

    Where the measure is Dice, `fixed` have more than 0.05 more of it with b, `broken` with a.
    """

    measure: Literal["accuracy", "dice"]
    n: int
    a: Rated
    b: Rated
    difference: Difference
    sentence: str
    fixed: list[ImageShape]
    broken: list[ImageShape]
    fixed_count: int
    broken_count: int
    reason: str | None


class Rule(Shape):
    """One test of the gate: `passed` is null where it cannot tell yet, `needed` how many more labels it would take."""

    name: str
    passed: bool | None
    sentence: str
    figures: Json
    needed: int | None


class Verdict(Shape):
    """What the gate found of `version` against `live` (numbers), on `n` frozen and `recent` labelled pictures.

    `verdict` is null where nobody has asked for one; `unanswered` pictures may judge and wait for an answer of "live"
    or "version"; `margin` is the accuracy, or the Dice, that may be lost.
    """

    id: str | None = None
    at: Instant | None = None
    version: int
    live: int | None = None
    verdict: Literal["promote", "refuse", "undecided"] | None = None
    sentence: str
    needed: int | None = None
    margin: float | None = None
    n: int = 0
    recent: int = 0
    unanswered: dict[str, int] = {}
    rules: list[Rule] = []


class Promote(shapes.Request):
    """Why, for the deployment log; `force` puts it live although the gate does not, and then the reason is needed."""

    reason: str = ""
    force: bool = False


class Reason(shapes.Request):
    """Why, for the deployment log."""

    reason: str = ""


@router.get("/models")
async def listing(project: str, user: Viewer, desk: AtDesk) -> Listed[VersionShape]:
    """All versions, newest first."""
    found = await desk.ask(models.listing, user=user, name=project)
    return Listed(items=[VersionShape.model_validate(one) for one in found])


@router.get("/models/compare")
async def compare(project: str, a: str, b: str, user: Viewer, desk: AtDesk) -> Comparison:
    """Two versions, by number or alias, on the held-out pictures that both answered and that taught neither."""
    found = await desk.ask_computing(comparing.compare, user=user, project=project, first=a, second=b)
    return Comparison.model_validate(found)


@router.get("/models/{ref}")
async def show(project: str, ref: str, user: Viewer, desk: AtDesk) -> VersionDetail:
    """One version, by number or alias, with its card."""
    return VersionDetail.model_validate(await desk.ask(models.show, user=user, name=project, ref=ref))


@router.get("/models/{ref}/plots/{plot}", responses={200: {"content": PLOTS}}, response_class=Response)
async def plot(project: str, ref: str, plot: str, user: Viewer, desk: AtDesk) -> Response:
    """One of a version's plots: an SVG such as confusion or curve, or a WebP of pictures, worst and best."""
    drawn, media_type = await desk.ask_computing(models.plot, user=user, name=project, ref=ref, plot=plot)
    policy = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(drawn, media_type=media_type, headers=policy)


@router.get("/models/{ref}/bundle", responses={200: {"content": {MEDIA: BINARY}}}, response_class=FileResponse)
async def bundle(project: str, ref: str, user: Exporter, desk: AtDesk) -> FileResponse:
    """A version as one file: weights, classes, figures and card."""
    path, name = await desk.ask(models.bundle, user=user, name=project, ref=ref)
    return FileResponse(path, media_type=MEDIA, filename=name)


@router.get("/models/{ref}/gate")
async def gate(project: str, ref: str, user: Viewer, desk: AtDesk) -> Verdict:
    """The newest verdict on a version against the live one; of the live one the verdict that it had."""
    return Verdict.model_validate(await desk.ask(gating.show, user=user, name=project, ref=ref))


@router.post("/models/{ref}/gate", status_code=202)
async def judge(project: str, ref: str, user: Trainer, desk: AtDesk) -> JobShape:
    """Queue a fresh verdict, for which both versions are asked what they have not answered; nothing goes live."""
    return await told(desk, await desk.ask(gating.start, user=user, name=project, ref=ref))


@router.post("/models/{ref}/promote")
async def promote(project: str, ref: str, user: Promoter, desk: AtDesk, body: Promote | None = None) -> PromotionShape:
    """Put a version live, where the gate finds it better or it is forced; every server follows within a second."""
    asked = body or Promote()
    done = await desk.ask_computing(
        models.promote, user=user, name=project, ref=ref, reason=asked.reason, force=asked.force
    )
    desk.targets.forget()
    return await _told(desk, done)


@router.post("/rollback")
async def rollback(project: str, user: Promoter, desk: AtDesk, body: Reason | None = None) -> PromotionShape:
    """Put the previous version back."""
    done = await desk.ask(models.rollback, user=user, name=project, reason=body.reason if body else "")
    desk.targets.forget()
    return await _told(desk, done)


@router.get("/promotions")
async def deployment_log(project: str, user: Viewer, desk: AtDesk) -> Listed[PromotionShape]:
    """Who put which version live when, newest first."""
    found = await desk.ask(models.log, user=user, name=project)
    return Listed(items=[PromotionShape.model_validate(one) for one in await desk.ask(promotions.named, found=found)])


async def _told(desk: Desk, done: Promotion) -> PromotionShape:
    return PromotionShape.model_validate((await desk.ask(promotions.named, found=[done]))[0])


@router.post("/rescore", status_code=202)
async def rescore(project: str, user: Trainer, desk: AtDesk) -> Json:
    """Queue the live model's answers for pictures that an older one answered; labels are never touched."""
    return await desk.ask(waiting.rescore, user=user, name=project)
