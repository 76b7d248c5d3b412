"""`sightloop rollout`: what follows a promotion."""

from __future__ import annotations

from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, moment, sections, table

PASSED = {True: "yes", False: "no", None: "cannot tell"}


@click.group()
def rollout() -> None:
    """What follows a promotion: the watch over a version, or its shadow."""


@rollout.command()
@click.argument("project")
@json_option
def show(project: str, as_json: bool) -> None:
    """The watch or the shadow that goes on, or was the last one, and those before it."""
    from sightloop.flows import access
    from sightloop.flows import rollout as flow

    with opened() as services:
        found = flow.show(services, user=access.OPERATOR, project=project)
    emit(found, as_json=as_json, text=lambda: _told(found))


@rollout.command()
@click.argument("project")
@click.option("--reason", required=True, help="Kept with the watch.")
@click.option("--version", type=int, help="Only that of this version.")
@click.option("--kind", type=click.Choice(["watch", "shadow"]), help="Only this; where both go on, else the shadow.")
@json_option
def end(project: str, reason: str, version: int | None, kind: str | None, as_json: bool) -> None:
    """End a watch, so that nothing goes back by itself any more; or a shadow, which then does not go live."""
    from sightloop.flows import access
    from sightloop.flows import rollout as flow

    with opened() as services:
        found = flow.end(services, user=access.OPERATOR, project=project, reason=reason, version=version, kind=kind)
    emit(found, as_json=as_json, text=lambda: _told(found))


def _told(found: dict[str, Any]) -> str:
    rows = [(rule["name"], PASSED[rule["passed"]], rule["sentence"]) for rule in found["rules"]]
    past = [
        (moment(one["began_at"]), one["kind"], one["version"], one["state"].replace("_", " "), one["sentence"])
        for one in found["history"]
    ]
    return sections(
        found["sentence"],
        table(rows, head=("rule", "passed", "why"), empty=""),
        table(past, head=("began", "what", "version", "state", "why"), empty=""),
    )
