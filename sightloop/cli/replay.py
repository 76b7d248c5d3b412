"""`sightloop replay`: ask for a prediction again."""

from __future__ import annotations

from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, table
from sightloop.core.errors import SightloopError


@click.command()
@click.argument("prediction_id")
@json_option
def replay(prediction_id: str, as_json: bool) -> None:
    """Answer a picture again with the version that answered it; leaves with 1 where the numbers are others."""
    from sightloop.flows import access
    from sightloop.flows import replay as flow

    with opened() as services:
        found = flow.replay(services, user=access.OPERATOR, prediction_id=prediction_id)
    emit(found, as_json=as_json, text=lambda: _told(found))
    if not found["same"]:
        raise SightloopError(f"not the same numbers: {found['reason']}.")


def _told(found: dict[str, Any]) -> str:
    now = found["now"] or {"predicted": "-", "confidence": None, "route": "-", "probabilities": {}}
    sides = found["recorded"], now
    rows = [(name, *(side[name] for side in sides)) for name in ("predicted", "confidence", "route")]
    rows += [
        (f"p({name})", *(side["probabilities"].get(name, "-") for side in sides))
        for name in found["recorded"]["probabilities"]
    ]
    same = "The same numbers." if found["same"] else f"Not the same: {found['reason']}."
    note = f" {found['reason'].capitalize()}." if found["same"] and found["reason"] else ""
    return f"Version {found['version']}. {same}{note}\n\n" + table(rows, head=("", "recorded", "now"))
