"""Choose pictures to look at: `sightloop review` and `similar`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, figure, json_option, sections, table

if TYPE_CHECKING:
    from sightloop.flows.reviewing import By, Review


@click.command()
@click.argument("project")
@click.option(
    "--by",
    type=click.Choice(["uncertain", "unusual", "diverse", "disagreement", "wanted"]),
    default="uncertain",
    show_default=True,
    help="Least sure, least like the others, most different from the verified, masks that differ, asked for.",
)
@click.option("--limit", type=click.IntRange(1, 500), default=60, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same order.")
@json_option
def review(project: str, by: By, limit: int, seed: int, as_json: bool) -> None:
    """Which pictures are most worth a person's look; those that somebody doubted come first."""
    from sightloop.flows import access, reviewing

    with opened() as services:
        found = reviewing.review(services, user=access.OPERATOR, project=project, by=by, limit=limit, seed=seed)
    emit(found, as_json=as_json, text=lambda: reviewed(found))


def reviewed(found: Review) -> str:
    """The review queue, for people."""
    rows = [(it.image.id, it.image.name[:40], it.image.shown or "-", figure(it.score), it.why) for it in found.items]
    return sections(
        f"{found.verified} of {found.total} pictures are verified, {found.remaining} are not.",
        table(rows, head=("picture", "name", "shown as", "score", "why"), empty=found.reason or ""),
    )


@click.command()
@click.argument("project")
@click.argument("image")
@click.option("--limit", type=click.IntRange(1, 100), default=12, show_default=True)
@json_option
def similar(project: str, image: str, limit: int, as_json: bool) -> None:
    """Which pictures of PROJECT look most like the picture with the id IMAGE."""
    from sightloop.flows import access, neighbours

    with opened() as services:
        found = neighbours.neighbours(services, user=access.OPERATOR, image_id=image, project=project, limit=limit)
    rows = [(it.image.id, it.image.name[:40], it.image.shown or "-", figure(it.similarity)) for it in found.items]
    head = ("picture", "name", "shown as", "similarity")
    emit(found, as_json=as_json, text=lambda: table(rows, head=head, empty=found.reason or ""))
