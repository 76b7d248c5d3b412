"""What the outside is told, and whom: `sightloop notices`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, moment, table
from sightloop.core.errors import SightloopError


@click.group()
def notices() -> None:
    """What the outside is told of drift, trainings, promotions and rollbacks, and whom."""


@notices.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="The newest so many.")
@json_option
def list_(limit: int, as_json: bool) -> None:
    """The newest notices, and who has got them."""
    from sightloop.flows import access, noticing

    with opened() as services:
        found = noticing.listing(services, user=access.OPERATOR, limit=limit).items
    head = ("number", "when", "what", "project", "sentence", "delivered")
    rows = [
        (one["seq"], moment(one["at"]), one["kind"], one["project"] or "-", one["sentence"], _standing(one))
        for one in found
    ]
    emit(found, as_json=as_json, text=lambda: table(rows, head=head))


@notices.command("hooks")
@json_option
def hooks(as_json: bool) -> None:
    """Every webhook."""
    from sightloop.flows import access, webhooks

    with opened() as services:
        found = [one._asdict() for one in webhooks.listing(services, user=access.OPERATOR)]
    rows = [(one["id"], one["url"], moment(one["created_at"]), one["by_name"] or "command line") for one in found]
    emit(found, as_json=as_json, text=lambda: table(rows, head=("id", "address", "since", "by")))


@notices.command("add")
@click.argument("url")
@json_option
def add(url: str, as_json: bool) -> None:
    """Tell an address of everything from now on; the secret that signs it is printed this once."""
    from sightloop.flows import access, webhooks

    with opened() as services:
        made, secret = webhooks.add(services, user=access.OPERATOR, url=url)
    said = f"Webhook {made.id} is told from now on. What it gets is signed with this secret, shown only now:\n{secret}"
    emit({**made._asdict(), "secret": secret}, as_json=as_json, text=lambda: said)


@notices.command("remove")
@click.argument("webhook_id", metavar="ID")
@json_option
def remove(webhook_id: str, as_json: bool) -> None:
    """Tell a webhook nothing any more, not even what waits for it."""
    from sightloop.flows import access, webhooks

    with opened() as services:
        webhooks.remove(services, user=access.OPERATOR, webhook_id=webhook_id)
    emit({"removed": webhook_id}, as_json=as_json, text=lambda: f"Webhook {webhook_id} is told nothing any more.")


@notices.command("test")
@click.argument("webhook_id", metavar="[ID]", required=False)
@json_option
def test(webhook_id: str | None, as_json: bool) -> None:
    """Tell one webhook, or all of them and the folder, a test, now and once.

    Leaves with 1 where it did not arrive everywhere.
    """
    from sightloop.flows import access, delivering

    with opened() as services:
        found = delivering.try_now(services, user=access.OPERATOR, webhook_id=webhook_id)
    rows = [(one["target"], one["url"] or "-", one["error"] or "arrived") for one in found]
    emit(found, as_json=as_json, text=lambda: table(rows, head=("target", "address", "how it went")))
    if lost := sum(one["error"] is not None for one in found):
        raise SightloopError(f"the test did not arrive at {lost} of {len(found)} targets.")


def _standing(notice: Mapping[str, Any]) -> str:
    """How many of its targets have it, and what the last trouble was."""
    sent = notice["deliveries"]
    arrived = sum(one["delivered_at"] is not None for one in sent)
    trouble = [f"{one['target']}: {one['error']}" for one in sent if one["error"]]
    return f"{arrived} of {len(sent)}" + (f" ({trouble[0]})" if trouble else "")
