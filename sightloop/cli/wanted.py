"""`sightloop wanted`: the labels that people are asked for."""

from __future__ import annotations

from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import SHOWN, emit, json_option, moment, sections, table


@click.group()
def wanted() -> None:
    """Labels that people are asked for, and how many they gave."""


@wanted.command("list")
@click.argument("project")
@click.option("--limit", type=click.IntRange(1, 2000), default=200, show_default=True)
@json_option
def list_(project: str, limit: int, as_json: bool) -> None:
    """List the pictures whose labels are asked for, open ones first."""
    from sightloop.flows import access, wanting

    with opened() as services:
        found = wanting.show(services, user=access.OPERATOR, project=project, limit=limit)
    emit(found, as_json=as_json, text=lambda: _told(found))


@wanted.command()
@click.argument("project")
@click.option("--random", type=click.IntRange(1, 2000), default=50, show_default=True, help="How many pictures.")
@json_option
def ask(project: str, random: int, as_json: bool) -> None:
    """Ask for labels of pictures drawn at random; every second one judges and never teaches."""
    from sightloop.flows import access, wanting

    with opened() as services:
        found = wanting.more(services, user=access.OPERATOR, project=project, random=random)
    emit(found, as_json=as_json, text=lambda: _told(found))


@wanted.command()
@click.argument("project")
@json_option
def withdraw(project: str, as_json: bool) -> None:
    """Take back every question that nobody has answered."""
    from sightloop.flows import access, wanting

    with opened() as services:
        found = wanting.withdraw(services, user=access.OPERATOR, project=project)
    emit(found, as_json=as_json, text=lambda: f"{found['withdrawn']} questions were taken back.")


def _told(found: dict[str, Any]) -> str:
    random = found["random"]
    rows = [
        (one["image_id"], one["name"][:40], one["kind"], _use(one), moment(one["at"]), one["label"] or "-")
        for one in found["items"][:SHOWN]
    ]
    judging = f"{random['judging_answered']} of {random['judging']} that judge"
    return sections(
        f"{found['open']} labels are asked for, {found['answered']} were given: {judging}; the gate wants "
        f"{found['enough_for_recent']} of those and counts {random['judging_recent']} now.",
        found["note"] or "",
        table(rows, head=("picture", "name", "drawn", "use", "asked", "label"), empty="No label is asked for."),
    )


def _use(one: dict[str, Any]) -> str:
    return "judges" if one["judges"] else "teaches"
