"""Pictures in and out: `sightloop import`, `import-biosight` and `export`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import SHOWN, counter, emit, json_option, pairs, reasons, sections, table
from sightloop.core.errors import Conflict, Rejected


@click.command("import")
@click.argument("project")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and stop.")
@click.option("--new-classes", is_flag=True, help="Add classes the project does not have, without asking.")
@click.option("--site", help="Site, camera or patient of every picture that names none itself.")
@json_option
def import_(project: str, path: Path, dry_run: bool, new_classes: bool, site: str | None, as_json: bool) -> None:
    """Read a folder, a ZIP, a CSV or a JSONL file into a project; originals are only read."""
    from sightloop.cli.follow import follow
    from sightloop.flows import access, importing

    with opened() as services:
        target = access.project_for(services, user=access.OPERATOR, name=project, action="upload")
        plan = importing.plan(services, project=target, path=path)
        if dry_run:
            emit(plan, as_json=as_json, text=lambda: planned(plan))
            return
        agreed = new_classes or _agreed(plan, project=project)
        job = importing.start(
            services, user=access.OPERATOR, name=project, path=path.absolute(), new_classes=agreed, site=site
        )
        done = follow(services, job)
    emit(done, as_json=as_json, text=lambda: imported(done.context.get("import", {})))


def _agreed(plan: dict[str, Any], *, project: str) -> bool:
    """Whether a person agrees to the new classes of a closed list; nobody is asked where there are none."""
    new = plan["new_classes"]
    if not new or not plan["closed"]:
        return False
    if not sys.stdin.isatty():
        raise Rejected(f"project {project!r} has no class {new[0]!r}.", hint="--new-classes adds it.")
    return click.confirm(f"Add {len(new)} classes to {project}: {', '.join(new[:SHOWN])}?", err=True, abort=True)


def planned(plan: dict[str, Any]) -> str:
    """What would be imported, for people."""
    first = ("source", "layout", "pictures", "labelled", "masks", "classes_note")
    names = (*first, "sites", "new_classes", "splits", "notes_count", "skipped_count")
    return sections(
        pairs({name: plan[name] for name in names if name in plan}),
        table(plan["classes"].items(), head=("class", "pictures"), empty=""),
        reasons(plan["skipped"], head="left out"),
        reasons(plan.get("notes", ()), head="taken, but"),
    )


def imported(found: dict[str, Any]) -> str:
    """What an import did, for people; its leaks included."""
    short = {name: value for name, value in found.items() if not isinstance(value, (list, dict))}
    held_out = (found.get("leaks") or {}).get("held_out", {})
    rows = [(side, row["pictures"], row["exact"], row["exact_or_near"]) for side, row in held_out.items()]
    return sections(
        pairs(short),
        reasons(found.get("failures", ()), head="failed"),
        reasons(found.get("skipped", ()), head="left out"),
        reasons(found.get("notes", ()), head="taken, but"),
        table(rows, head=("held out", "pictures", "also earlier", "at least nearly"), empty=""),
    )


@click.command("import-biosight")
@click.argument("project")
@click.argument("dump", type=click.Path(exists=True, path_type=Path))
@click.option("--images", type=click.Path(exists=True, path_type=Path), help="The folder the dump's paths are below.")
@json_option
def import_biosight(project: str, dump: Path, images: Path | None, as_json: bool) -> None:
    """Read a mongoexport dump of BioSight into a project."""
    from sightloop.flows import access, mongo

    with opened() as services, counter() as report:
        found = mongo.read(services, user=access.OPERATOR, name=project, dump=dump, images=images, report=report)
    emit(found, as_json=as_json, text=lambda: imported(found))


@click.command()
@click.argument("project")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["masks", "coco", "yolo"]), help="How masks are laid.")
@json_option
def export(project: str, target: Path, form: str | None, as_json: bool) -> None:
    """Write a project's pictures as a ZIP of class folders, or with their masks; importing it gives the same again."""
    from sightloop.flows import access, exporting

    if target.exists():
        raise Conflict(f"{target} exists already.", hint="Choose another name.")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with opened() as services, counter() as report:
            found = exporting.write(
                services, user=access.OPERATOR, name=project, path=draft, report=report, form=form or ""
            )
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    count, size = found["count"], found["bytes"]
    emit(
        {"path": target, "pictures": count, "bytes": size},
        as_json=as_json,
        text=lambda: f"Wrote {count} pictures ({size / 2**20:.1f} MiB) to {target}.",
    )
