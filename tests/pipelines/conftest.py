"""A data folder with a live model and a stream of other pictures behind it, and a copy of pipelines/ in a new clone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sightloop import wiring
from sightloop.core.entities import Image, Project
from sightloop.flows import answer, drift_changes, projects, upload
from sightloop.flows.access import OPERATOR
from sightloop.flows.drift_changes import Change
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.vision import encode
from sightloop.vision.decode import decode
from tests import tiny
from tests.e2e.running import environment
from tests.flows import labelled
from tests.flows.conftest import incoming as incoming
from tests.flows.conftest import model as model
from tests.flows.conftest import project as project

ROOT = Path(__file__).parent.parent.parent
COLOURS = tuple(tiny.COLOURS)
SMALL = {
    "backbone": "resnet10t_narrow",
    "weights": "none",
    "freeze": "none",
    "input_size": 32,
    "epochs": 1,
    "dropout": 0.0,
    "hidden": 32,
    "threads": 1,
}  # parameters of a training that takes seconds
LABELLED = 12  # pictures of the stream that somebody labelled


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def services(data: Path, sqlite_template: Path) -> Iterator[Services]:
    data.mkdir()
    shutil.copyfile(sqlite_template, data / "sightloop.db")
    built = wiring.build(Settings(data=data, workers=1))
    yield built
    built.close()


@pytest.fixture
def send(services: Services, project: Project, incoming: Callable[..., upload.Incoming]) -> Callable[..., list[Image]]:
    """Uploads pictures and answers them."""

    def make(found: Sequence[bytes]) -> list[Image]:
        brought = [incoming(data, f"{number}.jpg") for number, data in enumerate(found)]
        kept = upload.keep(services, user=OPERATOR, project=project.name, incoming=brought)
        ids = [one.image.id for one in kept if one.image]
        return answer.score(services, project_id=project.id, image_ids=ids, timeout=60)

    return make


@pytest.fixture
def drifted(
    services: Services, project: Project, send: Callable[..., list[Image]], model: Callable[..., int]
) -> Project:
    """A live model of 150 labelled pictures, and 120 brighter ones since, of which a few have labels."""
    changed = projects.update(services, user=OPERATOR, name=project.name, settings={"ratios": [0.3, 0.2, 0.5]})
    for image, colour in zip(send(pictures(150)), colours(150), strict=True):
        labelled.relabel(services, image, colour)
    model(project)
    since = send([bright(data) for data in pictures(120, first=1000)])
    for image, colour in list(zip(since, colours(120), strict=True))[:LABELLED]:
        labelled.relabel(services, image, colour)
    return changed


def colours(n: int) -> list[str]:
    return [COLOURS[number % 3] for number in range(n)]


def pictures(n: int, *, first: int = 0) -> list[bytes]:
    return [tiny.picture(colour, seed=first + number) for number, colour in enumerate(colours(n))]


def bright(data: bytes) -> bytes:
    return encode.jpeg(drift_changes.changed(decode(data), Change(brightness=2.2), seed=0), quality=95)


class Pipeline:
    """A copy of pipelines/ in a Git repository of its own, run by DVC as people do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "pipelines"

    def set(self, **values: object) -> None:
        """Change values of params.yaml."""
        path = self.folder / "params.yaml"
        lines = path.read_text().splitlines()
        named = {line.partition(":")[0]: number for number, line in enumerate(lines)}
        for name, value in values.items():
            lines[named[name]] = f"{name}: {json.dumps(value)}"
        path.write_text("\n".join(lines) + "\n")

    def dvc(self, *words: str) -> str:
        """What DVC printed; fails where it did."""
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *words],
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def repro(self) -> list[str]:
        """The stages that had work to do."""
        return [line.split("'")[1] for line in self.dvc("repro").splitlines() if line.startswith("Running stage")]

    def said(self, name: str) -> Any:
        """The report of a stage."""
        return json.loads((self.folder / "reports" / f"{name}.json").read_text())


@pytest.fixture
def pipeline(tmp_path: Path, data: Path) -> Pipeline:
    """The pipeline as a fresh clone has it, set to work on the data folder and to train something small."""
    clone = tmp_path / "clone"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "pipelines"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, clone / name)
    subprocess.run(["git", "init", "--quiet"], cwd=clone, check=True)
    found = Pipeline(clone)
    found.set(project="paint", data=str(data), family="transfer", params=json.dumps(SMALL))
    return found


def _environment() -> dict[str, str]:
    given = environment(DVC_NO_ANALYTICS="1", SIGHTLOOP_WORKERS="1")
    return given | {"PATH": f"{Path(sys.executable).parent}:{given['PATH']}"}
