"""The copy of the experiment log on an MLflow server: `sightloop mirror`."""

from __future__ import annotations

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option
from sightloop.core.errors import SightloopError


@click.command()
@click.option("--again", is_flag=True, help="As if nothing had been sent; what is there is found, not doubled.")
@json_option
def mirror(again: bool, as_json: bool) -> None:
    """Send runs, versions and aliases that changed to the MLflow server now; a worker does so every five seconds.

    Leaves with 1 where the server does not answer, or refused something.
    """
    from sightloop.flows import mirroring

    with opened() as services:
        found = mirroring.send(services, again=again)
    words = "Sent {told} changes to {address}; {sent} runs and versions are there, {waiting} changes wait.".format
    emit(found, as_json=as_json, text=lambda: words(**found))
    if found["refused"]:
        raise SightloopError(f"{found['refused']} were refused: {found['last_error'] or 'see the log.'}")
