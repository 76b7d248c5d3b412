"""How many pixels of a picture make a millimetre: said of one picture, or of all pictures of a project."""

from __future__ import annotations

import math
from typing import Literal

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Rejected

NAME = "px_per_mm"  # the key in an image's meta and in a project's settings
HIGHEST = 1e6
Origin = Literal["image", "project"]


def check(value: object) -> None:
    """Raise Rejected unless `value` is a number of pixels above 0, or None, which takes the scale away."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Rejected(f"{NAME} {value!r} is not a number.", hint="For example 12.5 pixels to the millimetre.")
    if not 0 < value <= HIGHEST:
        raise Rejected(f"{NAME} {value!r} does not fit.", hint=f"Use a number above 0, at most {HIGHEST:g}.")


def effective(image: Image, project: Project) -> tuple[float | None, Origin | None]:
    """The scale of a picture in pixels to the millimetre, and where it was said; its own goes before the project's."""
    own, general = image.meta.get(NAME), project.settings.get(NAME)
    if own:
        return float(own), "image"
    return (float(general), "project") if general else (None, None)
