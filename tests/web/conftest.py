"""A real, empty installation behind the real application: SQLite and disk in a temp folder."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from sightloop import wiring
from sightloop.core.entities import Project, Role
from sightloop.flows import accounts, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.vision import encode
from sightloop.web.app import create_app
from tests.web.people import ALL_SCOPES, add_account, register, sign_in


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", workers=1, body_deadline=30, max_upload_bytes=1 << 20)


@pytest.fixture
def services(settings: Settings, sqlite_template: Path) -> Iterator[Services]:
    settings.data.mkdir()
    shutil.copyfile(sqlite_template, settings.data / "sightloop.db")
    built = wiring.build(settings)
    yield built
    built.close()


@pytest.fixture
def app(services: Services, settings: Settings) -> FastAPI:
    return create_app(services, settings)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A stranger's browser on the page of this server."""
    with TestClient(app, headers={"X-Sightloop": "1"}) as opened:
        yield opened


@pytest.fixture
def admin(client: TestClient) -> TestClient:
    """The browser of the first account, signed in."""
    register(client, "admin@example.org")
    sign_in(client, "admin@example.org")
    return client


@pytest.fixture
def paint(services: Services) -> Project:
    return projects.create(services, user=OPERATOR, name="paint", classes=("red", "blue"))


@pytest.fixture
def token(services: Services) -> Callable[..., str]:
    """Makes an account with a role, and a part in a project where one is named; gives a token of it."""

    def make(role: Role, *, project: str | None = None, scopes: tuple[str, ...] = ALL_SCOPES) -> str:
        account = "admin" if role == "admin" else "viewer" if project else role
        user = add_account(services, account)
        if project is not None and role != "admin":
            projects.set_member(services, user=OPERATOR, name=project, email=user.email, role=role)
        return accounts.create_token(services, user=user, name="test", scopes=scopes)[0]

    return make


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Makes the bytes of a small noisy JPEG; the same seed gives the same bytes."""

    def make(seed: int = 0) -> bytes:
        noise = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
        return encode.jpeg(noise.repeat(8, 0).repeat(8, 1), quality=90)

    return make


@pytest.fixture
def listening(services: Services, settings: Settings) -> Callable[..., AbstractContextManager[tuple[str, int]]]:
    """Opens the application on a real socket; gives its address."""

    @contextmanager
    def listen(**changes: object) -> Iterator[tuple[str, int]]:
        app = create_app(services, settings.model_copy(update=changes))
        config = uvicorn.Config(app, http="httptools", lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        bound = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield bound.getsockname()
        server.should_exit = True
        thread.join()
        bound.close()

    return listen
