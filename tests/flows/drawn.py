"""Pictures that a tiny model answered and a person drew on, on the side that a test wants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sightloop.core.arrays import Mask
from sightloop.core.entities import Image
from sightloop.flows import correct
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import changes
from tests import tiny_masks


def truth(seed: int) -> Mask:
    """What is really in the picture of a seed, and what the tiny model finds in it."""
    return tiny_masks.draw(seed)[1]


def add(services: Services, seed: int, mask: Mask | None = None, *, side: Any = "test") -> Image:
    """The picture of a seed on a side, after a person drew `mask` on it; None draws what is really there."""
    image = redraw(services, tiny_masks.upload(services, seed), truth(seed) if mask is None else mask)
    with services.db.begin() as db:
        moved = replace(image, side=side, group_id=image.id)
        return changes.save(db, [changes.Change(image, moved, "moved")])[0]


def redraw(services: Services, image: Image, mask: Mask) -> Image:
    """The picture after a person drew on it."""
    return correct.redraw(services, user=OPERATOR, image_id=image.id, mask=mask)
