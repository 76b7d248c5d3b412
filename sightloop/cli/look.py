"""Look at pictures: `sightloop predict` and `sightloop data`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import SHOWN, counter, emit, figure, json_option, pairs, reasons, sections, table
from sightloop.core.errors import BadImage, Rejected, SightloopError


@click.command()
@click.argument("project")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--model",
    default="champion",
    show_default=True,
    help="A version's number, champion, previous or challenger; fast, accurate or cascade where there is a cascade.",
)
@click.option("--mask", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write mask PNGs into this.")
@json_option
def predict(project: str, paths: tuple[Path, ...], model: str, folder: Path | None, as_json: bool) -> None:
    """Ask a project's model about pictures; nothing is stored."""
    from sightloop.flows import access
    from sightloop.flows import predict as flow

    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    with opened() as services:
        for path in paths:
            try:
                answer = flow.predict(
                    services,
                    user=access.OPERATOR,
                    project=project,
                    data=path.read_bytes(),
                    model=model,
                    mask="png" if folder else "rle",
                )
                drawn = {"mask_file": str(_drawn(answer, path, folder, taken))} if folder else {}
                found.append({"path": str(path), **answer, **drawn})
            except BadImage as error:
                found.append({"path": str(path), "error": error.message})
    emit(found, as_json=as_json, text=lambda: _answers(found))
    failed = sum("error" in one for one in found)
    if failed:
        raise SightloopError(f"{failed} of {len(found)} pictures could not be read.")


def _drawn(answer: dict[str, Any], path: Path, folder: Path, taken: set[str]) -> Path:
    """The file that the answer's mask was written to, called like the picture."""
    if "mask_png" not in answer:
        raise Rejected(f"model {answer['model_used']} does not segment: it has no masks.", hint="Leave --mask out.")
    name = path.stem if path.stem not in taken else f"{path.stem}-{len(taken)}"
    taken.add(name)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.png"
    target.write_bytes(base64.b64decode(answer.pop("mask_png")))
    return target


def _answers(found: list[dict[str, Any]]) -> str:
    """One line per picture; of masks how much of the picture they mark, and how long that is."""
    marked = any("measurements" in one for one in found)
    rows = []
    for one in found:
        total = one["measurements"]["total"] if "measurements" in one else {}
        area, length = total.get("area_share"), total.get("length_mm") or total.get("length_px")
        unit = "mm" if total.get("length_mm") else "px"
        sizes = ("-", "-") if area is None else (f"{area:.2%}", f"{length:.1f} {unit}")
        said = (one.get("prediction", "-"), figure(one.get("confidence")))
        rows.append((one["path"], *said, *(sizes if marked else ()), one.get("error") or one.get("advice") or ""))
    return table(rows, head=("picture", "answer", "confidence", *(("area", "length") if marked else ()), ""))


@click.group()
def data() -> None:
    """Check a folder before importing it, list a project's pictures."""


@data.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@json_option
def check(path: Path, as_json: bool) -> None:
    """Open every picture and mask of a folder or ZIP; leaves with 1 where one cannot be read."""
    from sightloop.flows import examining

    with counter() as report:
        found = examining.examine(path, report=report)
    emit(found, as_json=as_json, text=lambda: examined(found))
    if found["unreadable"]:
        raise SightloopError(f"{len(found['unreadable'])} files cannot be read.", hint="They would be left out.")


@data.command("list")
@click.argument("project")
@click.option("--shown", help="Only pictures shown as this class.")
@click.option("--status", type=click.Choice(["pending", "ready", "unreadable", "duplicate"]))
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
def list_(project: str, shown: str | None, status: str | None, limit: int, as_json: bool) -> None:
    """The newest pictures of a project."""
    from sightloop.flows import access, filtering, library

    chosen = filtering.filters({"shown": shown, "status": status})
    with opened() as services:
        found, _ = library.page(services, user=access.OPERATOR, project=project, filters=chosen, limit=limit)
    rows = [(one.id, one.name[:40], one.status, one.shown or "-", figure(one.confidence), one.side) for one in found]
    head = ("picture", "name", "status", "shown as", "confidence", "side")
    emit(found, as_json=as_json, text=lambda: table(rows, head=head))


def examined(found: dict[str, Any]) -> str:
    """What a look at every picture found, for people."""
    return sections(
        pairs({name: found[name] for name in ("source", "layout", "pictures", "masks", "empty") if name in found}),
        table(found["classes"].items(), head=("class", "pictures"), empty=""),
        reasons(found["unreadable"], head="unreadable"),
        reasons(found["skipped"], head="left out"),
        reasons(found.get("notes", ()), head="taken, but"),
        "\n".join("same bytes: " + ", ".join(names[:3]) for names in found["duplicates"][:SHOWN]),
    )
