"""`sightloop drift`: whether what comes in still looks like what the live model learnt from."""

from __future__ import annotations

from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, sections, table


@click.group()
def drift() -> None:
    """Whether what comes in still looks like what was learnt from."""


@drift.command()
@click.argument("project")
@json_option
def check(project: str, as_json: bool) -> None:
    """Test what came in since the last check now, and keep the report; ends well whatever is found."""
    from sightloop.flows import access, drifting

    with opened() as services:
        found = drifting.check(services, user=access.OPERATOR, project=project)
    emit(found, as_json=as_json, text=lambda: _told(found))


@drift.command()
@click.argument("project")
@click.argument("report_id", required=False)
@json_option
def report(project: str, report_id: str | None, as_json: bool) -> None:
    """Show a report, the newest where none is named."""
    from sightloop.flows import access, drifting

    with opened() as services:
        found = drifting.show(services, user=access.OPERATOR, project=project, report_id=report_id)
    emit(found, as_json=as_json, text=lambda: _told(found))


@drift.command()
@click.argument("project")
@click.option("--blur", default=0.0, show_default=True, help="Sigma in pixels of a copy of 256 pixels.")
@click.option("--noise", default=0.0, show_default=True, help="Standard deviation in levels of 255.")
@click.option("--brightness", default=1.0, show_default=True, help="Factor; 1 changes nothing.")
@click.option("--share", default=1.0, show_default=True, help="Share of the pictures that is changed.")
@click.option("--n", default=300, show_default=True, help="Pictures in the window; at most half of the held-out ones.")
@click.option("--seed", default=0, show_default=True)
@json_option
def simulate(
    project: str, blur: float, noise: float, brightness: float, share: float, n: int, seed: int, as_json: bool
) -> None:
    """Change held-out pictures and see whether it would be noticed; nothing is stored."""
    from sightloop.flows import access, simulating
    from sightloop.flows.drift_changes import Change

    change = Change(blur=blur, noise=noise, brightness=brightness)
    with opened() as services:
        found = simulating.simulate(
            services, user=access.OPERATOR, project=project, change=change, share=share, n=n, seed=seed
        )
    emit(found, as_json=as_json, text=lambda: _told(found))


def _told(found: dict[str, Any]) -> str:
    families = [
        (one["name"], f"{one['p']:.3g}", f"{one['effect']:.3f}", _worst(one)) for one in found.get("families", [])
    ]
    classes = [(one["class"], one["n"], f"{one['p']:.3g}", one["family"]) for one in found.get("classes", [])]
    asks = "Labels are asked for: they tell whether the model is still right." if found.get("needs") else ""
    return sections(
        found["sentence"],
        table(families, head=("family", "p", "effect", "strongest"), empty=""),
        table(classes, head=("class, 30 days", "n", "p", "family"), empty=""),
        asks,
    )


def _worst(one: dict[str, Any]) -> str:
    return str(one["worst"][0]["column"]) if one["worst"] else "-"
