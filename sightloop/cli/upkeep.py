"""Upkeep: `sightloop status`, `storage`, `check`, `backup`, `restore` and `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sightloop.cli.opening import opened, settings_in_force
from sightloop.cli.output import counter, emit, json_option, sections, table
from sightloop.core.errors import SightloopError

MARKS = {"ok": "ok  ", "advice": "note", "failed": "FAIL"}


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Whether database, store and worker work, and how many jobs there are; leaves with 1 where something does not."""
    from sightloop.flows import status as flow

    with opened() as services:
        found = flow.look(services)
    lines = [f"{MARKS['ok' if one['ok'] else 'failed']}  {one['name']}: {one['detail']}" for one in found["checks"]]
    lines.append(f"{found['jobs_running']} jobs run, {found['jobs_queued']} wait.")
    if found["mirror"]["configured"]:
        lines.append("MLflow has {sent} runs and versions, {waiting} changes wait.".format(**found["mirror"]))
    emit(found, as_json=as_json, text=lambda: "\n".join(lines))
    failed = sum(not one["ok"] for one in found["checks"])
    if failed:
        raise SightloopError(f"{failed} of {len(found['checks'])} parts do not work.", hint="sightloop doctor")


@click.command()
@json_option
def storage(as_json: bool) -> None:
    """What takes the space: the disk, each kind of stored thing, each project."""
    from sightloop.flows import access
    from sightloop.flows import storage as flow

    with opened() as services:
        found = flow.overview(services, user=access.OPERATOR)
    disk = " of ".join(_mebibytes(found["disk"][name]) for name in ("free", "total"))
    parts = [(one["name"], _mebibytes(one["bytes"])) for one in found["parts"]]
    each = [(one["name"], one["images"], _mebibytes(one["bytes"])) for one in found["projects"]]
    shown = sections(
        f"{disk} free.", table(parts, head=("part", "size")), table(each, head=("project", "pictures", "size"))
    )
    emit(found, as_json=as_json, text=lambda: shown)


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended; nothing that could be a picture is deleted.")
@click.option("--deep", is_flag=True, help="Recompute the hash of every stored file.")
@json_option
def check(repair: bool, deep: bool, as_json: bool) -> None:
    """Compare rows with files; leaves with 1 where something is wrong."""
    from sightloop.flows import checking

    with opened() as services:
        found = checking.check(services, repair=repair, deep=deep)
    lines = found["lines"] or ["Rows and files agree."]
    emit(found, as_json=as_json, text=lambda: "\n".join([*lines, _counts(found, "images", "blobs")]))
    if not found["ok"]:
        raise SightloopError("rows and files do not agree.", hint="sightloop check --repair")


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(1), default=5, show_default=True, help="Older backups there are removed.")
@json_option
def backup(target: Path, keep: int, as_json: bool) -> None:
    """Copy the rows and every blob into a new folder below TARGET; safe while the server runs."""
    from sightloop.flows import backup as flow

    with opened() as services, counter() as report:
        found = flow.backup(services, target, keep=keep, report=report)
    emit(found, as_json=as_json, text=lambda: f"Wrote {found['path']}: {_counts(found, 'blobs', 'copied', 'bytes')}")


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--verify", is_flag=True, help="Recompute every hash before anything is restored.")
@json_option
def restore(source: Path, verify: bool, as_json: bool) -> None:
    """Bring a backup, or the newest below SOURCE, back into an empty data folder."""
    from sightloop.flows import backup as flow

    with opened() as services:
        found = flow.restore(services, source, verify=verify)
    emit(found, as_json=as_json, text=lambda: f"Restored {found['path']}: {_counts(found, 'blobs', 'projects')}")


def _counts(found: dict[str, Any], *names: str) -> str:
    return ", ".join(f"{found[name]} {name}" for name in names if name in found) + "."


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look for what would keep Sightloop from working here; leaves with 1 where something would."""
    from sightloop.flows import doctor as flow

    settings = settings_in_force()
    setup = flow.Setup(
        data=settings.data,
        database=settings.database,
        weights=settings.weights_folder,
        host=settings.host,
        port=settings.port,
        secret=settings.secret_key,
        remote_blobs=settings.blobs_url is not None,
        mlflow=settings.mlflow_uri,
    )
    found = flow.examine(setup)
    emit(found, as_json=as_json, text=lambda: "\n".join(_row(one) for one in found))
    failed = sum(one.state == "failed" for one in found)
    if failed:
        raise SightloopError(f"{failed} of {len(found)} checks failed.", hint="The lines marked FAIL say what to do.")


def _row(finding: Any) -> str:
    hint = f"\n      → {finding.hint}" if finding.hint else ""
    return f"{MARKS[finding.state]}  {finding.name}: {finding.message}{hint}"
