"""A data folder, a folder of small pictures, and the command line run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightloop import wiring
from sightloop.cli.main import run
from sightloop.settings import Settings
from sightloop.vision import encode
from tests import cascaded

COLOURS = {"red": (200, 40, 40), "blue": (40, 60, 200)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two class folders of six noisy pictures each."""
    for name, colour in COLOURS.items():
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for seed in range(6):
            coarse = np.random.default_rng([seed, *colour]).normal(0, 40, (6, 8, 3)).repeat(8, 0).repeat(8, 1)
            pixels = np.clip(np.array(colour) + coarse, 0, 255).astype(np.uint8)
            (tmp_path / "pictures" / name / f"{seed}.jpg").write_bytes(encode.jpeg(pixels))
    return tmp_path / "pictures"


@pytest.fixture
def ask(data: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command with --json on the data folder; gives what it printed, and fails where it did."""

    def call(*arguments: str) -> Any:
        capsys.readouterr()
        code = run(["--data", str(data), *arguments, "--json"])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return json.loads(printed.out)

    return call


@pytest.fixture
def refusal(data: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs a command that must fail; gives its exit code and what it said on stderr."""

    def call(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["--data", str(data), *arguments])
        printed = capsys.readouterr()
        assert not printed.out
        return code, printed.err

    return call


@pytest.fixture
def two_versions(data: Path, tmp_path: Path) -> None:
    """A project paint with labelled pictures and two versions, the first one live."""
    built = wiring.build(Settings(data=data, workers=1))
    made = cascaded.project(built, tmp_path, certify=False)
    for sharpness in (4.0, 4.5):
        cascaded.member(built, made, tmp_path, sharpness=sharpness)
    built.close()
