"""`sightloop train` and `sightloop evaluate`."""

from __future__ import annotations

import json
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import duration, emit, figure, json_option, pairs, table
from sightloop.core.errors import Rejected

FREEZES = ("none", "upto_stage_1", "upto_stage_2", "upto_stage_3", "head_only")
OF_CLASS = ("dice", "iou", "precision", "recall", "f1")  # columns of an evaluation's table, where it has them
PLACES = frozenset({"family", "experiment_name", "project"})


@click.command()
@click.argument("project")
@click.option("--family", help="transfer, linear or boosted; attention_unet for masks.  [default: the task's first]")
@click.option("--backbone", help="Any timm backbone, for example resnet50 or mobilenetv3_small_100.")
@click.option(
    "--weights",
    help="auto (a local file), none (from scratch), hub (download), a file, or live (boosted, attention_unet).",
)
@click.option("--freeze", help=f"{', '.join(FREEZES)}, or last_2_blocks for transformers.")
@click.option("--epochs", type=click.IntRange(1), help="At most this many passes; stops early by itself.")
@click.option("--batch-size", type=click.IntRange(1), help="Pictures per step.")
@click.option("--lr", type=click.FloatRange(0, min_open=True), help="Learning rate of the head.")
@click.option("--dropout", type=click.FloatRange(0, 1, max_open=True), help="Share of the head's units left out.")
@click.option("--experiment-name", help="Groups runs that belong together; the project's name when absent.")
@click.option("--input-size", type=click.IntRange(16), help="Side in pixels that pictures are resized to.")
@click.option("--seed", type=int, help="The same seed gives the same model on one machine.")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON or TOML; flags win.")
@click.option("--plan", is_flag=True, help="Say what it would take, and stop.")
@json_option
def train(project: str, config: Path | None, plan: bool, as_json: bool, **flags: Any) -> None:
    """Train a model on a project's verified pictures; Ctrl-C asks the job to stop."""
    given = {**(read_config(config) if config else {}), **{k: v for k, v in flags.items() if v is not None}}
    family = str(given.get("family", ""))
    params = {name: value for name, value in given.items() if name not in PLACES}
    if plan:
        _plan(project, family=family, params=params, as_json=as_json)
    else:
        _train(project, family=family, params=params, experiment=given.get("experiment_name", ""), as_json=as_json)


def read_config(path: Path) -> dict[str, Any]:
    """The training parameters of a JSON or TOML file; dashes and underscores are one."""
    try:
        found = json.loads(path.read_text()) if path.suffix == ".json" else tomllib.loads(path.read_text())
    except ValueError as error:
        raise Rejected(f"{path} cannot be read: {error}.", hint="Give a .json or .toml file.") from error
    if not isinstance(found, dict):
        raise Rejected(f"{path} holds no names and values.", hint='For example {"epochs": 5}.')
    return {name.replace("-", "_"): value for name, value in found.items()}


def _plan(project: str, *, family: str, params: dict[str, Any], as_json: bool) -> None:
    from sightloop.flows import access, planning

    with opened() as services:
        found = planning.plan(services, user=access.OPERATOR, name=project, family=family, params=params)
    emit(found, as_json=as_json, text=lambda: pairs(_readable(found)))


def _train(project: str, *, family: str, params: dict[str, Any], experiment: str, as_json: bool) -> None:
    from sightloop.cli.follow import follow
    from sightloop.flows import access, jobs, training

    with opened() as services:
        job = training.start(
            services, user=access.OPERATOR, name=project, family=family, params=params, experiment=experiment
        )
        done = follow(services, job)
        for waiting in jobs.listing(services, user=access.OPERATOR, project=project, states=("queued",)):
            if waiting.kind == "rescore":  # a first version answers the pictures that waited for it
                follow(services, waiting)
    emit(done, as_json=as_json, text=lambda: trained(done.context))


@click.command()
@click.argument("project")
@click.option("--data", "folder", type=click.Path(exists=True, path_type=Path), help="A labelled folder or ZIP.")
@click.option("--version", default="champion", show_default=True, help="A number, champion, previous or challenger.")
@json_option
def evaluate(project: str, folder: Path | None, version: str, as_json: bool) -> None:
    """Score a model on the project's held-out pictures, or on a folder; Ctrl-C asks the job to stop."""
    from sightloop.cli.follow import follow
    from sightloop.flows import access, evaluating

    with opened() as services:
        job = evaluating.start(services, user=access.OPERATOR, name=project, path=folder, version=version)
        found = follow(services, job).context["evaluation"]
    emit(found, as_json=as_json, text=lambda: figures(found))


def figures(found: dict[str, Any]) -> str:
    """The figures of an evaluation with their intervals, then one row per class, then pictures that were left out."""
    single = {
        name: figure(value) for name, value in found.items() if not isinstance(value, list) and not _nested(value)
    }
    rows = found.get("per_class", [])
    columns = [name for name in OF_CLASS if rows and name in rows[0]]
    parts = [pairs({name: value for name, value in single.items() if name != "notes"})]
    if rows:
        cells = [(row["class"], row["n"], *(figure(row[name]) for name in columns)) for row in rows]
        parts.append(table(cells, head=("class", "n", *columns)))
    parts += [textwrap.fill(found["notes"], 100)] if "notes" in found else []
    if found.get("refused"):
        parts.append(table([(row["name"], row["reason"]) for row in found["refused"]], head=("not judged", "reason")))
    if found.get("leaked") and "without_leaked" in found:
        without = {name: value for name, value in found["without_leaked"].items() if name != "notes"}
        parts.append(f"Without {found['leaked']} leaked pictures:\n{figures(without)}")
    return "\n\n".join(parts)


def _nested(value: object) -> bool:
    return isinstance(value, dict) and "value" not in value


def trained(context: dict[str, Any]) -> str:
    """What a training made, for people."""
    evaluation, gate = context.get("evaluation", {}), context.get("gate")
    judged = f" {_verdict(gate)}" if gate else ""
    return f"Version {context.get('version', '-')} is registered.{judged}\n\n{figures(evaluation)}".rstrip()


def _verdict(gate: dict[str, Any]) -> str:
    live = "It is live now" if gate["promoted"] else f"It is not live ({gate['verdict']})"
    return f"{live}: {gate['sentence']}"


def _readable(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan as people read it: times with their unit, and the parameters of the chosen freeze only."""
    readable = {name: value for name, value in plan.items() if name not in ("seconds", "parameters")}
    counts = plan.get("parameters", {}).get(plan.get("freeze"), {})
    if counts:
        readable["parameters"] = f"{counts['trainable']:,} of {counts['total']:,} are trained"
    if "total" in plan.get("seconds", {}):
        readable["time"] = f"about {duration(plan['seconds']['total'])}"
    for name in ("memory_bytes", "disk_bytes"):
        if name in plan:
            readable[name] = f"about {plan[name] / 2**20:.0f} MiB"
    return readable
