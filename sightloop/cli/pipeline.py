"""`sightloop pipeline`: the stages that DVC runs, on files alone; `run` does without DVC."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sightloop.cli.opening import opened, settings_in_force
from sightloop.cli.output import emit, json_option
from sightloop.cli.pipeline_stage import stage
from sightloop.core.errors import Rejected

if TYPE_CHECKING:
    from sightloop.core.entities import Json

HERE = click.option(
    "--in", "folder", type=click.Path(file_okay=False, path_type=Path), default=".", help="The pipeline's folder."
)
THRESHOLD = click.option("--drift-threshold", default=0.05, show_default=True, help="Nominal p of the drift alarm.")
WANTED = click.option("--min-samples-for-retraining", default=50, show_default=True, help="Labels after an alarm.")
FORCE = click.option("--force", type=bool, default=False, help="Whether to train whatever the rules say.")
FAMILY = click.option("--family", default="", help="Instead of letting the live model learn on.")
PARAMS = click.option("--params", "params_json", default="{}", show_default=True, help="Its parameters as JSON.")


@click.group()
def pipeline() -> None:
    """Drift check, retraining and gate as stages on files, for DVC and CI."""


@pipeline.command()
@click.argument("project")
@click.option("--server", default="", help="https://…; the data folder of this machine when absent.")
@click.option("--token-file", type=click.Path(path_type=Path), default=".token", help="Holds a maintainer's API token.")
@HERE
@json_option
def export(project: str, server: str, token_file: Path, folder: Path, as_json: bool) -> None:
    """Bring exported/ up to PROJECT as it is on a server or in the data folder; what is the same keeps its bytes."""
    found = _from_server(project, server, token_file, folder) if server else _from_folder(project, folder)
    emit(found, as_json=as_json, text=lambda: f"{found['pictures']} pictures exported, {found['copied']} files new.")


def _from_server(project: str, server: str, token_file: Path, folder: Path) -> Json:
    from sightloop.cli.pipeline_server import fetch
    from sightloop.flows.pipeline_place import Place

    return fetch(server, project=project, token_file=token_file, place=Place(folder))


def _from_folder(project: str, folder: Path) -> Json:
    from sightloop.flows import access, pipeline_export
    from sightloop.flows.pipeline_place import Place

    if not settings_in_force().data.is_dir():
        raise Rejected(f"there is no data folder {settings_in_force().data}.", hint="Name one, or a server.")
    with opened() as services:
        return pipeline_export.export(services, user=access.OPERATOR, project=project, place=Place(folder))


@pipeline.command("check-drift")
@THRESHOLD
@HERE
@json_option
def check_drift(drift_threshold: float, folder: Path, as_json: bool) -> None:
    """Test what came in since the live version was made; writes reports/drift.json and ends well."""
    found = stage(folder, "check_drift", settings={"drift_threshold": drift_threshold})
    emit(found, as_json=as_json, text=lambda: str(found["sentence"]))


@pipeline.command("prepare-retrain-data")
@WANTED
@FORCE
@HERE
@json_option
def prepare(min_samples_for_retraining: int, force: bool, folder: Path, as_json: bool) -> None:
    """Decide whether to train, and freeze what there is to learn from; ends well whatever is decided."""
    settings = {"min_samples_for_retraining": min_samples_for_retraining}
    found = stage(folder, "prepare", settings=settings, force=force)
    emit(found, as_json=as_json, text=lambda: str(found["sentence"]))


@pipeline.command()
@FAMILY
@PARAMS
@HERE
@json_option
def retrain(family: str, params_json: str, folder: Path, as_json: bool) -> None:
    """Train the candidate on the frozen snapshot, where that was decided."""
    found = stage(folder, "retrain", family=family, params=_params(params_json))
    emit(found, as_json=as_json, text=lambda: found.get("reason") or f"Trained {found['family']}: {found['bundle']}.")


@pipeline.command()
@HERE
@json_option
def evaluate(folder: Path, as_json: bool) -> None:
    """Judge the candidate on the snapshot's held-out pictures."""
    found = stage(folder, "evaluate")
    emit(found, as_json=as_json, text=lambda: found.get("reason") or f"Judged on {found['n']} pictures.")


@pipeline.command()
@HERE
@json_option
def promote(folder: Path, as_json: bool) -> None:
    """Let the gate judge the candidate against the live version; nothing goes live by it, `publish` does that."""
    found = stage(folder, "promote")
    emit(found, as_json=as_json, text=lambda: found.get("reason") or f"{found['verdict']}: {found['sentence']}")


@pipeline.command()
@THRESHOLD
@WANTED
@FORCE
@FAMILY
@PARAMS
@HERE
@json_option
def run(
    drift_threshold: float,
    min_samples_for_retraining: int,
    force: bool,
    family: str,
    params_json: str,
    folder: Path,
    as_json: bool,
) -> None:
    """All stages behind the export, without DVC: only those whose files or parameters changed since the last time."""
    from sightloop.flows.pipeline_place import Place
    from sightloop.flows.pipeline_running import Runner

    place = Place(folder)
    drift = {"drift_threshold": drift_threshold}
    prepared = {"min_samples_for_retraining": min_samples_for_retraining, "force": force}
    trained = {"family": family, "params": _params(params_json)}
    runner = Runner(place)
    runner.stage("check_drift", drift, _bound(folder, "check_drift", settings=drift))
    settings = {"min_samples_for_retraining": min_samples_for_retraining}
    decided = _bound(folder, "prepare", settings=settings, force=force)
    runner.stage("prepare_retrain_data", prepared, decided)
    runner.stage("retrain", trained, _bound(folder, "retrain", **trained))
    runner.stage("evaluate", {}, _bound(folder, "evaluate"))
    runner.stage("promote", {}, _bound(folder, "promote"))
    told = {"ran": runner.ran, "decision": place.said("decision"), "promotion": place.said("promotion")}
    emit(told, as_json=as_json, text=lambda: _told(told))


@pipeline.command()
@HERE
@json_option
def publish(folder: Path, as_json: bool) -> None:
    """List the candidate in the data folder and put it live where the gate agrees; ends well where it was skipped."""
    from sightloop.cli.pipeline_publish import published
    from sightloop.flows.pipeline_place import Place

    found = published(Place(folder))
    emit(found, as_json=as_json, text=lambda: str(found["sentence"]))


def _told(told: Json) -> str:
    ran = ", ".join(told["ran"]) or "none: nothing changed"
    verdict = told["promotion"].get("sentence") or told["promotion"].get("reason")
    return f"Stages run: {ran}.\n{told['decision']['sentence']}\n{verdict}"


def _bound(folder: Path, name: str, **given: Any) -> Callable[[], Json]:
    return lambda: stage(folder, name, **given)


def _params(text: str) -> Json:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--params is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise click.UsageError('--params is no object; for example {"epochs": 5}.')
    return found
