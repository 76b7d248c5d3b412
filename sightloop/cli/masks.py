"""`sightloop mask`: masks of stored pictures as files, and masks that people drew elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, pairs, sections, table

Origin = Literal["best", "human", "model"]


@click.group()
def mask() -> None:
    """Save, draw and measure the masks of a project's pictures."""


@mask.command()
@click.argument("image_id", metavar="IMAGE")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--source", type=click.Choice(["best", "human", "model"]), default="best", show_default=True)
@click.option("--threshold", type=click.FloatRange(0, 1), help="For the model's; the project's when absent.")
@json_option
def get(image_id: str, file: Path, source: Origin, threshold: float | None, as_json: bool) -> None:
    """Write the mask of IMAGE (its id) as PNG of the picture's own size to FILE."""
    from sightloop.flows import access, masking

    with opened() as services:
        data = masking.mask_png(services, user=access.OPERATOR, image_id=image_id, origin=source, threshold=threshold)
    file.write_bytes(data)
    emit({"file": str(file), "bytes": len(data)}, as_json=as_json, text=lambda: f"Wrote {file}.")


@mask.command("set")
@click.argument("image_id", metavar="IMAGE")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def set_(image_id: str, file: Path, as_json: bool) -> None:
    """Say that FILE is the mask of IMAGE (its id): class indices, or 0 and 255, at the picture's own size."""
    from sightloop.flows import access, correct, masking

    with opened() as services:
        found = masking.read(services, user=access.OPERATOR, image_id=image_id, data=file.read_bytes())
        image = correct.redraw(services, user=access.OPERATOR, image_id=image_id, mask=found)
    told = {"id": image.id, "label": image.label, "mask": image.mask, "agreement": image.agreement}
    emit(told, as_json=as_json, text=lambda: pairs(told))


@mask.command()
@click.argument("image_id", metavar="IMAGE")
@click.option("--source", type=click.Choice(["best", "human", "model"]), default="best", show_default=True)
@click.option("--threshold", type=click.FloatRange(0, 1), help="For the model's; the project's when absent.")
@json_option
def measure(image_id: str, source: Origin, threshold: float | None, as_json: bool) -> None:
    """How much, how long and how wide is what the mask of IMAGE (its id) marks, in all and per class."""
    from sightloop.flows import access, measuring

    with opened() as services:
        found = measuring.measurements(
            services, user=access.OPERATOR, image_id=image_id, origin=source, threshold=threshold, lines=as_json
        )
    emit(found, as_json=as_json, text=lambda: measured(found))


def measured(found: dict[str, Any]) -> str:
    """What a mask measures, for people: a line per figure, a column per class."""
    columns = {"all": found["total"], **(found["per_class"] if len(found["per_class"]) > 1 else {})}
    names = [name for name in found["total"] if name != "per_piece" and found["total"][name] is not None]
    rows = [(name, *(_figure(one[name]) for one in columns.values())) for name in names]
    px_per_mm = "unknown" if found["px_per_mm"] is None else f"{found['px_per_mm']:g} px/mm"
    return sections(f"The {found['source']}'s mask, scale {px_per_mm}.", table(rows, head=("figure", *columns)))


def _figure(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{one:g}" for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


@mask.command()
@click.argument("image_id", metavar="IMAGE")
@click.argument("px_per_mm", type=click.FloatRange(0))
@json_option
def scale(image_id: str, px_per_mm: float, as_json: bool) -> None:
    """Say how many pixels of IMAGE (its id) make a millimetre; 0 leaves it to the project's scale."""
    from sightloop.flows import access, scaling

    with opened() as services:
        image = scaling.rescale(services, user=access.OPERATOR, image_id=image_id, px_per_mm=px_per_mm or None)
    told = {"id": image.id, "px_per_mm": image.meta.get("px_per_mm")}
    emit(told, as_json=as_json, text=lambda: pairs(told))
