"""`sightloop trash`: delete pictures with a way back, or for good."""

from __future__ import annotations

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option


@click.group()
def trash() -> None:
    """Delete pictures: first to the trash with a way back, then for good."""


@trash.command()
@click.argument("image")
@json_option
def put(image: str, as_json: bool) -> None:
    """Put the picture with the id IMAGE into the trash."""
    from sightloop.flows import access
    from sightloop.flows import trash as flow

    with opened() as services:
        found = flow.discard(services, user=access.OPERATOR, image_id=image)
    emit(found, as_json=as_json, text=lambda: f"{found.name} is in the trash: sightloop trash restore {found.id}")


@trash.command()
@click.argument("image")
@json_option
def restore(image: str, as_json: bool) -> None:
    """Take the picture with the id IMAGE out of the trash."""
    from sightloop.flows import access
    from sightloop.flows import trash as flow

    with opened() as services:
        found = flow.restore(services, user=access.OPERATOR, image_id=image)
    emit(found, as_json=as_json, text=lambda: f"{found.name} is back.")


@trash.command()
@click.argument("image")
@json_option
def purge(image: str, as_json: bool) -> None:
    """Remove the picture with the id IMAGE, which is in the trash, for good; says which versions learnt from it."""
    from sightloop.flows import access
    from sightloop.flows import trash as flow

    with opened() as services:
        found = flow.purge(services, user=access.OPERATOR, image_id=image)
    emit(found, as_json=as_json, text=lambda: f"Picture {image} is gone for good. {found['sentence']}")
