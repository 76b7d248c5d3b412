"""A real installation for a browser: a server with its worker, somebody of every role, projects with pictures."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from sightloop.core.entities import Role
from sightloop.core.ids import new_id
from sightloop.flows import accounts, projects, registry
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from tests import tiny
from tests.e2e.running import opened, serving
from tests.web.people import PASSWORD

PEOPLE: dict[Role, str] = {"viewer": "Vito", "reviewer": "Rosa", "maintainer": "Milo", "admin": "Ada"}
NUMBERS = itertools.count(1)
PAINT = "paint"
PATIENCE = 30.0  # seconds


@dataclass(frozen=True)
class Installation:
    """The server at `url`; `services` are the same data folder in this process."""

    url: str
    services: Services

    @contextmanager
    def client(self, role: Role = "admin") -> Iterator[httpx.Client]:
        """The API with a session of somebody of this role."""
        with httpx.Client(base_url=self.url, headers={"X-Sightloop": "1"}, timeout=60) as client:
            answer = client.post("/api/v1/auth/login", json={"email": email(role), "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            yield client

    def project(self, *, each: int = 6, model: bool = True) -> str:
        """A new project for a test that changes things; the words are those of `fill`."""
        name = f"paint-{next(NUMBERS)}"
        fill(self.services, name, model=model)
        if model:
            self._wait_for_answers(name)
        self.upload(
            name,
            [
                (f"{colour}-{seed}.jpg", tiny.picture(colour, seed=seed))
                for seed in range(each)
                for colour in tiny.COLOURS
            ],
        )
        return name

    def _wait_for_answers(self, project: str) -> None:
        """The server looks for new live models once a second."""
        end = time.monotonic() + PATIENCE
        with self.client() as client:
            path, file = f"/api/v1/projects/{project}/predict", {"image": ("red.jpg", tiny.picture())}
            while client.post(path, files=file).status_code != 200:
                assert time.monotonic() < end, "the model does not answer"
                time.sleep(0.1)

    def upload(self, project: str, files: list[tuple[str, bytes]]) -> None:
        """Send pictures, which the live model answers at once."""
        with self.client() as client:
            sent = [("files", file) for file in files]
            answer = client.post(f"/api/v1/projects/{project}/images", files=sent)
        assert {row["outcome"] for row in answer.json()["files"]} <= {"stored", "duplicate"}, answer.text


def email(role: Role) -> str:
    """The address of the one account of this role."""
    return f"{role}@example.org"


@contextmanager
def installed(data: Path) -> Iterator[Installation]:
    """Fill the data folder and serve it."""
    with opened(data) as services:
        for role, name in PEOPLE.items():
            accounts.add_user(services, email=email(role), name=name, password=PASSWORD, role=role)
        fill(services, PAINT)
        with serving(data, worker=True) as running:
            found = Installation(running.url, services)
            found.upload(
                PAINT,
                [
                    (f"{colour}-{seed}.jpg", tiny.picture(colour, seed=seed, width=320, height=240))
                    for seed in range(12)
                    for colour in tiny.COLOURS
                ],
            )
            yield found


def fill(services: Services, name: str, *, model: bool = True) -> None:
    """Make a project with everybody in it and, if asked, a live model that tells red, green and blue apart."""
    project = projects.create(services, user=OPERATOR, name=name, title=name.capitalize(), classes=tuple(tiny.COLOURS))
    for role in ("viewer", "reviewer", "maintainer"):
        projects.set_member(services, user=OPERATOR, name=name, email=email(role), role=role)
    if not model:
        return
    packed = services.blobs.incoming / new_id()
    bundle = tiny.packed(services.data / "tmp" / new_id(), packed)
    services.blobs.adopt(packed, bundle)
    with services.db.begin() as db:
        registry.enlist(
            db, project, bundle=bundle, family="linear", params={}, metrics={}, snapshot_id=None, by=OPERATOR.id
        )
