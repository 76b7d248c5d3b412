"""A real, empty installation in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sightloop.flows.services import Services
from tests.e2e.running import opened


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path / "data") as built:
        yield built
