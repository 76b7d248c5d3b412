"""Look at pictures: `sightloop predict` and `sightloop data`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import SHOWN, counter, emit, figure, json_option, pairs, reasons, sections, table
from sightloop.core.errors import BadImage, SightloopError


@click.command()
@click.argument("project")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", default="champion", show_default=True, help="A version's number, champion or previous.")
@json_option
def predict(project: str, paths: tuple[Path, ...], model: str, as_json: bool) -> None:
    """Ask a project's model about pictures; nothing is stored."""
    from sightloop.flows import access
    from sightloop.flows import predict as flow

    found: list[dict[str, Any]] = []
    with opened() as services:
        for path in paths:
            try:
                answer = flow.predict(
                    services, user=access.OPERATOR, project=project, data=path.read_bytes(), model=model
                )
                found.append({"path": str(path), **answer})
            except BadImage as error:
                found.append({"path": str(path), "error": error.message})
    rows = [
        (one["path"], one.get("prediction", "-"), figure(one.get("confidence")), one.get("error", "")) for one in found
    ]
    emit(found, as_json=as_json, text=lambda: table(rows, head=("picture", "answer", "confidence", "")))
    failed = sum("error" in one for one in found)
    if failed:
        raise SightloopError(f"{failed} of {len(found)} pictures could not be read.")


@click.group()
def data() -> None:
    """Check a folder before importing it, list a project's pictures."""


@data.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@json_option
def check(path: Path, as_json: bool) -> None:
    """Open every picture of a folder or ZIP; leaves with 1 where one cannot be read."""
    from sightloop.flows import examining

    with counter() as report:
        found = examining.examine(path, report=report)
    emit(found, as_json=as_json, text=lambda: examined(found))
    if found["unreadable"]:
        raise SightloopError(f"{len(found['unreadable'])} pictures cannot be read.", hint="They would be left out.")


@data.command("list")
@click.argument("project")
@click.option("--shown", help="Only pictures shown as this class.")
@click.option("--status", type=click.Choice(["pending", "ready", "unreadable", "duplicate"]))
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
def list_(project: str, shown: str | None, status: str | None, limit: int, as_json: bool) -> None:
    """The newest pictures of a project."""
    from sightloop.flows import access, filtering, library

    chosen = filtering.filters({"shown": shown, "status": status})
    with opened() as services:
        found, _ = library.page(services, user=access.OPERATOR, project=project, filters=chosen, limit=limit)
    rows = [(one.id, one.name[:40], one.status, one.shown or "-", figure(one.confidence), one.side) for one in found]
    head = ("picture", "name", "status", "shown as", "confidence", "side")
    emit(found, as_json=as_json, text=lambda: table(rows, head=head))


def examined(found: dict[str, Any]) -> str:
    """What a look at every picture found, for people."""
    return sections(
        pairs({name: found[name] for name in ("source", "layout", "pictures")}),
        table(found["classes"].items(), head=("class", "pictures"), empty=""),
        reasons(found["unreadable"], head="unreadable"),
        reasons(found["skipped"], head="left out"),
        "\n".join("same bytes: " + ", ".join(names[:3]) for names in found["duplicates"][:SHOWN]),
    )
