"""Ten classes of specimens, found on natural grounds in daylight; the form alone tells the class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sightloop.core.arrays import Pixels
from sightloop.core.errors import Missing
from sightloop.samples import animals, grounds, paint, plants, shells
from sightloop.samples.knobs import DEFAULT, Knobs, recolour
from sightloop.samples.light import Layer, daylight, develop, ground, lay, shade
from sightloop.samples.noise import Rng
from sightloop.samples.paint import Paint
from sightloop.samples.shapes import Grid, pose

Form = Callable[[Rng, Grid, Paint], list[Layer]]

FORMS: dict[str, Form] = {
    "beetle": animals.beetle,
    "butterfly": animals.butterfly,
    "feather": animals.feather,
    "fern": plants.fern,
    "flower": plants.flower,
    "leaf": plants.leaf,
    "mushroom": plants.mushroom,
    "nautilus": shells.nautilus,
    "scallop": shells.scallop,
    "starfish": shells.starfish,
}
CLASSES = tuple(FORMS)
UNSEEN = "jellyfish"


def draw(name: str, *, seed: int, size: int = 160, knobs: Knobs = DEFAULT) -> Pixels:
    """Draw one specimen of class `name`; the same arguments give the same picture.

    Returns:
        (size, size, 3) uint8. With `knobs.unseen` an eleventh form (`UNSEEN`) lies there instead of `name`.

    Raises:
        Missing: there is no class `name`.
    """
    if name not in FORMS:
        raise Missing(f"no specimen class {name!r}", hint=f"Known classes: {', '.join(CLASSES)}.")
    rng = np.random.default_rng([seed, CLASSES.index(name), 1])
    form = shells.jellyfish if knobs.unseen else FORMS[name]
    floor = grounds.draw(rng, size, texture=knobs.texture)
    floor = Layer(floor.height, recolour(floor.albedo, knobs.palette), floor.cover, floor.gloss)
    grid = pose(rng, size)
    surface = ground(floor)
    colours = paint.choose(rng, shift=knobs.palette, ground=float(floor.albedo.mean()))
    sharp = np.zeros_like(grid.x)
    for layer in form(rng, grid, colours):
        sharp = np.maximum(sharp, layer.cover)
        surface = lay(surface, Layer(layer.height * np.float32(grid.scale), layer.albedo, layer.cover, layer.gloss))
    return develop(shade(surface, daylight(rng)), rng, knobs, tilt=float(rng.uniform(0.3, 1)), sharp=sharp)
