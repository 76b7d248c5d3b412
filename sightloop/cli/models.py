"""`sightloop models`: list, promote, roll back, export and import model versions."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, figure, json_option, moment, plain, sections, table

SCRIPT = "__main__.py"  # what Python runs of a packed bundle


@click.group()
def models() -> None:
    """List, promote, roll back, export and import model versions."""


@models.command("list")
@click.argument("project")
@json_option
def list_(project: str, as_json: bool) -> None:
    """Every version, newest first."""
    from sightloop.flows import access
    from sightloop.flows import models as flow

    with opened() as services:
        found = flow.listing(services, user=access.OPERATOR, name=project)
    measure = "dice" if any("dice" in one["metrics"].get("test", {}) for one in found) else "accuracy"
    rows = [
        (one["number"], one["alias"] or "", one["family"], _tested(one, measure), moment(one["created_at"]))
        for one in found
    ]
    head = ("version", "alias", "family", f"test {measure}", "since")
    emit(found, as_json=as_json, text=lambda: table(rows, head=head))


@models.command()
@click.argument("project")
@json_option
def log(project: str, as_json: bool) -> None:
    """Who put which version live, when and why."""
    from sightloop.flows import access
    from sightloop.flows import models as flow

    with opened() as services:
        found = flow.log(services, user=access.OPERATOR, name=project)
        numbers = {one["id"]: one["number"] for one in flow.listing(services, user=access.OPERATOR, name=project)}
    rows = [
        (moment(one.created_at), DONE[one.action], numbers.get(one.version_id, "-"), one.by or "by itself", one.reason)
        for one in found
    ]
    emit(found, as_json=as_json, text=lambda: table(rows, head=("when", "what", "version", "by", "reason")))


@models.command()
@click.argument("project")
@click.argument("first")
@click.argument("second")
@json_option
def compare(project: str, first: str, second: str, as_json: bool) -> None:
    """How two versions answer the held-out pictures that taught neither."""
    from sightloop.flows import access, comparing

    with opened() as services:
        found = comparing.compare(services, user=access.OPERATOR, project=project, first=first, second=second)
    emit(found, as_json=as_json, text=lambda: _compared(found))


def _compared(found: dict[str, Any]) -> str:
    what = "right only with" if found["measure"] == "accuracy" else "more than 0.05 better with"
    counted = f"{found['fixed_count']} {what} the second, {found['broken_count']} {what} the first."
    return "\n".join([found["sentence"], *([counted] if found["n"] else []), *filter(None, [found["reason"]])])


@models.command()
@click.argument("project")
@click.argument("version")
@click.option("--again", is_flag=True, help="Judge it anew, as where there is no verdict yet.")
@json_option
def gate(project: str, version: str, again: bool, as_json: bool) -> None:
    """Whether a version is shown to be better than the live one; nothing goes live by it."""
    from sightloop.cli.follow import follow
    from sightloop.flows import access, gating

    with opened() as services:
        found = gating.show(services, user=access.OPERATOR, name=project, ref=version)
        if again or "verdict" not in found:
            follow(services, gating.start(services, user=access.OPERATOR, name=project, ref=version))
            found = gating.show(services, user=access.OPERATOR, name=project, ref=version)
    emit(found, as_json=as_json, text=lambda: _judged(found))


DONE = {"promote": "promoted", "force": "forced", "rollback": "rolled back"}
PASSED = {True: "yes", False: "no", None: "cannot tell"}


def _judged(found: dict[str, Any]) -> str:
    told = f"Version {found['version']} against version {found['live']}: {found['verdict']}. {found['sentence']}"
    rows = [(rule["name"], PASSED[rule["passed"]], rule["sentence"]) for rule in found["rules"]]
    waiting = [f"{who}: {n}" for who, n in found["unanswered"].items() if n]
    left_out = [f"Pictures without an answer of {', '.join(waiting)}."] if waiting else []
    return sections(told, table(rows, head=("rule", "passed", "why")), *left_out)


@models.command()
@click.argument("project")
@click.argument("version")
@click.option("--reason", required=True, help="Kept in the log for ever, where it goes live.")
@json_option
def shadow(project: str, version: str, reason: str, as_json: bool) -> None:
    """Let a version answer beside the live one, unseen; it goes live by itself where nothing breaks.

    The gate is not asked: what it has not found better is logged as forced.
    """
    from sightloop.cli.follow import follow
    from sightloop.flows import access, rollout, shadowing

    with opened() as services:
        job = shadowing.start(services, user=access.OPERATOR, name=project, ref=version, reason=reason)
        follow(services, job)
        found = rollout.show(services, user=access.OPERATOR, project=project)
    emit(found, as_json=as_json, text=lambda: str(found["sentence"]))


@models.command()
@click.argument("project")
@click.argument("version")
@click.option("--reason", default="", help="Kept in the log for ever.")
@click.option("--force", is_flag=True, help="Although it is not shown to be better; needs --reason.")
@json_option
def promote(project: str, version: str, reason: str, force: bool, as_json: bool) -> None:
    """Put a version live that is shown to be better, or that is the first one; ends with 3 where it is refused."""
    from sightloop.flows import access
    from sightloop.flows import models as flow

    with opened() as services:
        done = flow.promote(services, user=access.OPERATOR, name=project, ref=version, reason=reason, force=force)
    emit(done, as_json=as_json, text=lambda: f"Version {version} of {project} is live.")


@models.command()
@click.argument("project")
@click.option("--reason", default="", help="Kept in the log for ever.")
@json_option
def rollback(project: str, reason: str, as_json: bool) -> None:
    """Put the previous version back."""
    from sightloop.flows import access
    from sightloop.flows import models as flow

    with opened() as services:
        done = flow.rollback(services, user=access.OPERATOR, name=project, reason=reason)
    emit(done, as_json=as_json, text=lambda: f"The previous version of {project} is live again.")


@models.command()
@click.argument("project")
@click.argument("version")
@click.argument("target", type=click.Path(path_type=Path))
@json_option
def export(project: str, version: str, target: Path, as_json: bool) -> None:
    """Write a version as one file that runs elsewhere: `python TARGET PHOTO...` prints its answers as JSON.

    That needs no Sightloop, only Python with onnxruntime, numpy and Pillow; a model that draws masks cannot do it.
    """
    from sightloop.flows import access
    from sightloop.flows import models as flow

    with opened() as services:
        written = flow.export(services, user=access.OPERATOR, name=project, ref=version, target=target)
    runs = zipfile.is_zipfile(written) and SCRIPT in zipfile.ZipFile(written).namelist()
    how = f" Anywhere with onnxruntime, numpy and Pillow: python {written} PHOTO" if runs else ""
    emit({"path": written}, as_json=as_json, text=lambda: f"Wrote {written}.{how}")


@models.command("import")
@click.argument("project")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--backbone", default="resnet50", show_default=True)
@click.option("--class", "classes", multiple=True, help="In the order of the outputs; the project's when absent.")
@json_option
def import_(project: str, path: Path, backbone: str, classes: tuple[str, ...], as_json: bool) -> None:
    """Bring in a state dict (.pth, .safetensors), for example BioSight's best_model_resnet.pth."""
    from sightloop.flows import access, adopting

    with opened() as services:
        made = adopting.import_weights(
            services, user=access.OPERATOR, name=project, path=path, backbone=backbone, classes=classes
        )
    emit(made, as_json=as_json, text=lambda: f"Registered version {plain(made)['number']} of {project}.")


def _tested(version: dict[str, Any], measure: str) -> str:
    return figure(version["metrics"].get("test", {}).get(measure))
