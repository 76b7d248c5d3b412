"""`sightloop snapshots`: what versions learnt from, and what became of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, moment, sections, table

if TYPE_CHECKING:
    from sightloop.flows.snapshots import Form


@click.group()
def snapshots() -> None:
    """What versions learnt from: list, compare and export snapshots; the lineage of a picture."""


@snapshots.command(name="list")
@click.argument("project")
@json_option
def list_(project: str, as_json: bool) -> None:
    """List a project's snapshots, the newest first."""
    from sightloop.flows import access
    from sightloop.flows import snapshots as flow

    with opened() as services:
        found = flow.listing(services, user=access.OPERATOR, project=project)
    rows = [
        (one["id"], moment(one["at"]), one["n"], _share(one), sum(one["held_back"].values()), _versions(one))
        for one in found
    ]
    head = ("snapshot", "taken", "pictures", "new", "held back", "versions")
    emit({"items": found}, as_json=as_json, text=lambda: table(rows, head=head))


@snapshots.command()
@click.argument("project")
@click.argument("snapshot")
@click.option("--against", default="previous", show_default=True, help="The id of another snapshot.")
@json_option
def diff(project: str, snapshot: str, against: str, as_json: bool) -> None:
    """Say what differs between the SNAPSHOT and the one before it, or another."""
    from sightloop.flows import access
    from sightloop.flows import snapshots as flow

    with opened() as services:
        found = flow.diff(services, user=access.OPERATOR, project=project, snapshot_id=snapshot, against=against)
    rows = [(one["class"], one["before"], one["after"]) for one in found["per_class"]]
    changed = [(one["image_id"], one["before"], one["after"]) for one in found["examples"]["relabelled"]]
    emit(
        found,
        as_json=as_json,
        text=lambda: sections(
            found["sentence"],
            table(rows, head=("class", "before", "after"), empty=""),
            table(changed, head=("relabelled picture", "before", "after"), empty=""),
        ),
    )


@snapshots.command()
@click.argument("project")
@click.argument("snapshot")
@click.option("--form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file; else stdout.")
def export(project: str, snapshot: str, form: Form, output: Path | None) -> None:
    """Write the SNAPSHOT, one picture a line."""
    from sightloop.flows import access
    from sightloop.flows import snapshots as flow

    with opened() as services:
        data = flow.export(services, user=access.OPERATOR, project=project, snapshot_id=snapshot, form=form)
    if output is None:
        click.echo(data, nl=False)
    else:
        output.write_bytes(data)


@snapshots.command()
@click.argument("image")
@json_option
def lineage(image: str, as_json: bool) -> None:
    """Say which versions learnt from the picture with the id IMAGE, and where its answer comes from."""
    from sightloop.flows import access
    from sightloop.flows import lineage as flow

    with opened() as services:
        found = flow.of_image(services, user=access.OPERATOR, image_id=image)
    met = [
        (one["version"], how, one["side"], one["snapshot_id"])
        for how, kind in (("learnt from it", "taught"), ("was judged on it", "judged"))
        for one in found[kind]
    ]
    head = ("version", "how", "side", "snapshot")
    emit(found, as_json=as_json, text=lambda: sections(found["sentence"], table(met, head=head, empty="")))


def _share(one: dict[str, Any]) -> str:
    new = one["new"]
    return f"{new['n']} ({new['share']:.0%})" if new else "-"


def _versions(one: dict[str, Any]) -> str:
    return ", ".join(map(str, one["versions"])) or "-"
