"""What a model that segments answers: its mask in the form that was asked for, and what that measures."""

from __future__ import annotations

import base64
from typing import Literal

from sightloop.core.entities import Json, Project
from sightloop.core.scale import NAME as PX_PER_MM
from sightloop.flows import measuring
from sightloop.vision import masks, regions

MaskForm = Literal["rle", "png", "none"]


def marked(packed: bytes, classes: tuple[str, ...], *, project: Project, mask: MaskForm) -> Json:
    """What a packed probability map marks at the project's threshold, and what that measures.

    Returns:
        {mask, masks, measurements}: run lengths {size, counts} of all classes together and of each, as COCO has them,
        and the figures of `measure.geometry` in `total` and `per_class`, with millimetres by the project's scale.
        "png" adds `mask_png`, the canonical PNG in base64; "none" gives nothing at all.
    """
    if mask == "none":
        return {}
    found = masks.threshold(masks.unpack_map(packed), project.floor)
    px_per_mm = project.settings.get(PX_PER_MM)
    figures = measuring.named(measuring.measured(found), classes, px_per_mm=px_per_mm)
    return {
        "mask": regions.to_rle(found > 0),
        "masks": {name: regions.to_rle(found == index) for index, name in enumerate(classes, 1)},
        "measurements": {"px_per_mm": px_per_mm, **figures},
        **({"mask_png": base64.b64encode(masks.encode(found)).decode()} if mask == "png" else {}),
    }
