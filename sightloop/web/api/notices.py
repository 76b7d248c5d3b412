"""Notices to the outside, who gets them, and the webhooks that do, for administrators."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator

from sightloop.core.entities import Json
from sightloop.flows import delivering, noticing, webhooks
from sightloop.web import shapes
from sightloop.web.desk import Administrator, AtDesk
from sightloop.web.shapes import Instant, Listed, Paged, Shape, Spoken, iso_times

router = APIRouter(prefix="/api/v1", tags=["service"])

Kind = Literal["drift", "labels", "training", "gate", "promotion", "rollback", "test"]


class Attempt(Shape):
    """How it went with one target: a webhook's id, or "folder"; `url` is null there and where it was removed."""

    target: str
    url: str | None
    delivered_at: Instant | None
    error: Spoken | None


class Delivery(Attempt):
    """As an attempt, after `tries` of ten; `next_at` is null where it arrived or is given up."""

    tries: int
    next_at: Instant | None


class Notice(Shape):
    """What happened, in a sentence, with ids and figures in `detail`."""

    seq: int
    at: Instant
    kind: Kind
    project: str | None
    sentence: str
    detail: Annotated[Json, AfterValidator(iso_times)]
    deliveries: list[Delivery]


class WebhookShape(Shape):
    """An address that is told of every notice; without a name in `by_name` the command line added it."""

    id: str
    url: str
    created_at: Instant
    by_name: str | None


class MadeWebhook(WebhookShape):
    """A new webhook; its `secret` signs what is sent there, and is shown this once."""

    secret: str


class NewWebhook(shapes.Request):
    """An http:// or https:// address, without a password."""

    url: str


@router.get("/notices")
async def notices(
    user: Administrator,
    desk: AtDesk,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=noticing.MAX_PAGE)] = 50,
) -> Paged[Notice]:
    """What the outside is told, the newest first, and who has got it."""
    found = await desk.ask(noticing.listing, user=user, cursor=cursor, limit=limit)
    items = [Notice.model_validate(one) for one in found.items]
    return Paged(items=items, next_cursor=found.cursor, total=found.total)


@router.get("/webhooks")
async def list_webhooks(user: Administrator, desk: AtDesk) -> Listed[WebhookShape]:
    """Every webhook, without its secret."""
    found = await desk.ask(webhooks.listing, user=user)
    return Listed(items=[WebhookShape.model_validate(one) for one in found])


@router.post("/webhooks", status_code=201)
async def add_webhook(body: NewWebhook, user: Administrator, desk: AtDesk) -> MadeWebhook:
    """Tell an address of every notice from now on; the secret is in this answer and nowhere else."""
    made, secret = await desk.ask(webhooks.add, user=user, url=body.url)
    told: dict[str, Any] = {**made._asdict(), "secret": secret}
    return MadeWebhook.model_validate(told)


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def remove_webhook(webhook_id: str, user: Administrator, desk: AtDesk) -> None:
    """Tell an address nothing any more, not even what waits for it."""
    await desk.ask(webhooks.remove, user=user, webhook_id=webhook_id)


@router.post("/webhooks/{webhook_id}/test")
async def test_webhook(webhook_id: str, user: Administrator, desk: AtDesk) -> Attempt:
    """Send a notice that says it is a test to this webhook, now and once; `error` says why it did not arrive."""
    [found] = await desk.ask_computing(delivering.try_now, user=user, webhook_id=webhook_id)
    return Attempt.model_validate(found)
