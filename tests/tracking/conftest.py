"""One MLflow server for all tests of this process, and a small installation that is mirrored to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from sightloop import wiring
from sightloop.flows import importing, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from tests import tiny
from tests.conftest import unavailable
from tests.tracking.mlflow_server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if find_spec("mlflow.server") is None:
        unavailable("MLflow's server (package mlflow) is not installed")
    found = Server(tmp_path_factory.mktemp("mlflow"))
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def there(server: Server) -> Any:
    """MLflow's own client, to look at what arrived."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from mlflow import MlflowClient

    return MlflowClient(server.address, server.address)


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Callable[..., Services]]:
    """Makes an installation with one project, where asked with painted pictures, mirrored to the server."""
    opened: list[Services] = []

    def make(name: str, *, pictures: bool = False) -> Services:
        root = tmp_path_factory.mktemp(name)
        built = wiring.build(Settings(data=root / "data", workers=1, mlflow_uri=server.address))
        opened.append(built)
        projects.create(built, user=OPERATOR, name=name, classes=tuple(tiny.COLOURS))
        if pictures:
            _import(built, name, root / "painted")
        return built

    yield make
    for one in opened:
        one.close()


def _import(services: Services, name: str, folder: Path) -> None:
    for colour in tiny.COLOURS:
        (folder / colour).mkdir(parents=True)
        for seed in range(12):
            (folder / colour / f"{seed}.jpg").write_bytes(tiny.picture(colour, seed=seed))
    tiny.run(services, importing.start(services, user=OPERATOR, name=name, path=folder))
