"""A real installation as processes: `sightloop serve`, with its worker where asked, and people who use it over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sightloop import wiring
from sightloop.core.entities import Role
from sightloop.flows import accounts, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from tests.web.people import ALL_SCOPES, PASSWORD, add_account
from tests.web.tiny_model import put_live

PATIENCE = 240.0
ANNOUNCED = "Listening on "


@dataclass(frozen=True)
class Running:
    """A server that listens at `url`; `process` is its own, `data` its folder."""

    process: subprocess.Popen[bytes]
    url: str
    data: Path

    def client(self, token: str | None = None) -> httpx.Client:
        """Somebody's connection: a browser, or a program with a token."""
        sent = {"X-Sightloop": "1"} | ({"Authorization": f"Bearer {token}"} if token else {})
        return httpx.Client(base_url=self.url, headers=sent, timeout=PATIENCE)


def environment(**values: str) -> dict[str, str]:
    """This environment without settings of Sightloop, one thread per process."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SIGHTLOOP_")}
    return {**plain, "OMP_NUM_THREADS": "1", **values}


@contextmanager
def serving(data: Path, *, worker: bool = False, before: Sequence[str] = ()) -> Iterator[Running]:
    """`sightloop serve` on a free port; `before` are words in front of the command."""
    log = data.with_suffix(".log")
    command = [*before, sys.executable, "-m", "sightloop", "--data", str(data), "serve", "--port", "0"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--worker" if worker else "--no-worker"], stderr=file, env=environment(SIGHTLOOP_WORKERS="1")
        )
    try:
        until(lambda: ANNOUNCED in log.read_text() or process.poll() is not None)
        url = log.read_text().partition(ANNOUNCED)[2].partition(";")[0]
        assert url, log.read_text()
        yield Running(process, url, data)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def until(reached: Callable[[], bool]) -> None:
    """Wait for something that must happen."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@contextmanager
def opened(data: Path) -> Iterator[Services]:
    """The services of a data folder in this process."""
    services = wiring.build(Settings(data=data, workers=1))
    try:
        yield services
    finally:
        services.close()


def prepared(data: Path, *, role: Role = "admin") -> str:
    """Make an installation with the project "paint" and a live model that tells red from blue; gives a token."""
    with opened(data) as services:
        project = projects.create(services, user=OPERATOR, name="paint", classes=("red", "blue"))
        put_live(services, project, data / "bundle")
        user = add_account(services, role)
        return accounts.create_token(services, user=user, name="test", scopes=ALL_SCOPES)[0]


def sign_in(client: httpx.Client, email: str = "ana@example.org") -> None:
    """Register an account and begin a session."""
    body = {"email": email, "name": "Ana", "password": PASSWORD}
    assert client.post("/api/v1/auth/register", json=body).status_code == 201
    del body["name"]
    assert client.post("/api/v1/auth/login", json=body).status_code == 200


def upload(client: httpx.Client, data: bytes, *, name: str = "photo.jpg", project: str = "paint") -> httpx.Response:
    """Send one picture."""
    return client.post(f"/api/v1/projects/{project}/images", files={"files": (name, data)})


def finished(client: httpx.Client, answer: httpx.Response) -> Any:
    """Wait for the job that a request queued; it must end well."""
    assert answer.status_code == 202, answer.text
    path = f"/api/v1/jobs/{answer.json()['id']}"
    until(lambda: client.get(path).json()["state"] in ("done", "failed", "cancelled"))
    job = client.get(path).json()
    assert job["state"] == "done", job["error"]
    return job
