"""`sightloop tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import duration, emit, json_option, sections, table
from sightloop.cli.training import PLACES, read_config, trained


@click.command()
@click.argument("project")
@click.option("--trials", type=click.IntRange(1, 1000), default=15, show_default=True, help="How many to try.")
@click.option("--family", help="transfer, linear or boosted.  [default: transfer]")
@click.option(
    "--processes", type=click.IntRange(0, 64), default=0, help="Trials side by side; 0 is two, or one per core."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed tries the same.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='JSON or TOML: parameters that all trials have, and in a table "space" what to try.',
)
@json_option
def tune(project: str, config: Path | None, family: str | None, as_json: bool, **numbers: int) -> None:
    """Search the parameters that train the best model, and register that model; Ctrl-C asks the job to stop.

    Trials are compared by their accuracy on the calibration side. The project's test side judges the best one alone.
    """
    from sightloop.cli.follow import follow
    from sightloop.flows import access, searching

    given = read_config(config) if config else {}
    space = given.pop("space", {})
    params = {name: value for name, value in given.items() if name not in PLACES}
    with opened() as services:
        job = searching.start(
            services,
            user=access.OPERATOR,
            name=project,
            family=family or str(given.get("family", "")),
            params=params,
            space=space,
            **numbers,
        )
        done = follow(services, job)
        found = searching.show(services, user=access.OPERATOR, project=project, job_id=job.id)
    emit({**found, "evaluation": done.context["evaluation"]}, as_json=as_json, text=lambda: _told(found, done.context))


def _told(found: dict[str, Any], context: dict[str, Any]) -> str:
    """The trials, best first, what made them good, and the figures of the version."""
    names = [axis["name"] for axis in found["space"]]
    trials = sorted(found["trials"], key=lambda one: (one["number"] != found["best"], -(one["value"] or 0)))
    rows = [
        (one["number"] + 1, one["state"], *(_short(one["params"][name]) for name in names), _share(one), _time(one))
        for one in trials
    ]
    weights = found["importance"] or {}
    said = ", ".join(f"{name} {share:.0%}" for name, share in sorted(weights.items(), key=lambda item: -item[1]))
    listed = table(rows, head=("trial", "state", *names, "accuracy", "time"))
    return sections(listed, f"What mattered: {said}." if said else "", trained(context))


def _share(trial: dict[str, Any]) -> str:
    return "-" if trial["value"] is None else f"{trial['value']:.1%}"


def _time(trial: dict[str, Any]) -> str:
    return "-" if trial["seconds"] is None else duration(trial["seconds"])


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
