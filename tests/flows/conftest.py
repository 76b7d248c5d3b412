"""A real, empty installation for flow tests: SQLite and disk in a temp folder, one inference thread."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sightloop import wiring
from sightloop.core.entities import Project
from sightloop.core.ids import new_id
from sightloop.flows import projects, upload
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.vision import encode

COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 200)}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    built = wiring.build(Settings(data=tmp_path / "data", workers=1))
    yield built
    built.close()


@pytest.fixture
def project(services: Services) -> Project:
    return projects.create(services, user=OPERATOR, name="paint", classes=tuple(COLOURS))


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Makes the bytes of a noisy picture of one colour; the same seed gives the same bytes."""

    def make(colour: str = "red", *, seed: int = 0, width: int = 64, height: int = 48) -> bytes:
        rng = np.random.default_rng([seed, *map(ord, colour)])
        coarse = rng.normal(0, 30, (height // 8, width // 8, 3)).repeat(8, 0).repeat(8, 1)
        pixels = np.clip(np.array(COLOURS[colour]) + coarse, 0, 255).astype(np.uint8)
        return encode.jpeg(pixels, quality=90)

    return make


@pytest.fixture
def incoming(services: Services) -> Callable[..., upload.Incoming]:
    """Puts bytes where a door would have left them."""

    def make(data: bytes, name: str = "photo.jpg") -> upload.Incoming:
        path = services.blobs.incoming / new_id()
        path.write_bytes(data)
        return upload.Incoming(name, path, hashlib.sha256(data).hexdigest(), len(data))

    return make
