"""A project that segments, answered by a tiny model: what the pages around a picture are tested with."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from sightloop.flows import projects
from sightloop.flows.access import OPERATOR
from tests import tiny_masks
from tests.browser.installed import Installation, email

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Marked:
    """The project called `name`; the last of its pictures, `N.png` by number, shows nothing."""

    installation: Installation
    name: str
    images: tuple[str, ...]

    @property
    def root(self) -> str:
        return f"/p/{self.name}"

    def draw(self, number: int, seed: int) -> None:
        """Say that picture `number` has the mask of another one."""
        with self.installation.client() as ada:
            body, kind = tiny_masks.mask_png(seed), {"content-type": "image/png"}
            answer = ada.put(f"/api/v1/images/{self.images[number]}/mask", content=body, headers=kind)
        assert answer.status_code == 200, answer.text


def marked(installation: Installation, folder: Path, *, count: int = 4) -> Marked:
    """Make the project with everybody in it, a live model that marks what is red, and `count` answered pictures."""
    services, name = installation.services, f"marked-{next(NUMBERS)}"
    tiny_masks.project(services, name=name)
    for role in ("viewer", "reviewer", "maintainer"):
        projects.set_member(services, user=OPERATOR, name=name, email=email(role), role=role)
    tiny_masks.adopt(services, folder, name=name)
    found = [tiny_masks.upload(services, seed, name=name, empty=seed == count - 1).id for seed in range(count)]
    return Marked(installation, name, tuple(found))
