"""`sightloop report`: what all masks of a project measure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import counter, emit, json_option, pairs, sections, table
from sightloop.core.errors import Conflict


@click.command()
@click.argument("project")
@click.option("--csv", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write a row per picture here.")
@click.option("--shown", help="Only pictures shown as this class.")
@click.option("--verified/--not-verified", default=None, help="Only pictures that a person has verified, or not.")
@json_option
def report(project: str, target: Path | None, shown: str | None, verified: bool | None, as_json: bool) -> None:
    """How long and how wide is what the masks of PROJECT mark, picture by picture and in all."""
    from sightloop.flows import access, filtering, reporting

    if target is not None and target.exists():
        raise Conflict(f"{target} exists already.", hint="Choose another name.")
    chosen = filtering.filters({"shown": shown, "verified": verified})
    with opened() as services, counter() as progress:
        found = reporting.survey(services, user=access.OPERATOR, project=project, filters=chosen, report=progress)
        if target is not None:
            with target.open("x", encoding="utf-8", newline="") as file:
                file.writelines(found.csv(summed=True))
        rows = [] if target is not None else list(found)
    summary = found.summary()
    told = {**({"file": str(target)} if target else {"items": rows}), **summary}
    emit(told, as_json=as_json, text=lambda: _readable(rows, summary, target))


def _readable(rows: list[dict[str, Any]], summary: dict[str, Any], target: Path | None) -> str:
    unit = summary["lengths"]["unit"]
    names = ("length", "mean_width", "max_width")
    lines = [
        (row["name"][:40], row["source"] or "-", row["class"] or "-", *(_size(row[f"{name}_{unit}"]) for name in names))
        for row in rows
    ]
    head = ("picture", "mask by", "shown as", f"length {unit}", f"mean width {unit}", f"widest {unit}")
    return sections(
        table(lines, head=head, empty="") if target is None else f"Wrote {target}.",
        pairs({name: value for name, value in summary["totals"].items() if value is not None}),
    )


def _size(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
