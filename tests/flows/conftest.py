"""A real, empty installation for flow tests: SQLite and disk in a temp folder, one inference thread."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sightloop import wiring
from sightloop.core.entities import Image, Job, Project
from sightloop.core.ids import new_id
from sightloop.flows import answer, projects, upload
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.store import projects as project_rows
from sightloop.store import versions
from tests import tiny


@pytest.fixture
def services(tmp_path: Path, sqlite_template: Path) -> Iterator[Services]:
    (tmp_path / "data").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "data" / "sightloop.db")
    built = wiring.build(Settings(data=tmp_path / "data", workers=1))
    yield built
    built.close()


@pytest.fixture
def project(services: Services) -> Project:
    return projects.create(services, user=OPERATOR, name="paint", classes=tuple(tiny.COLOURS))


@pytest.fixture
def picture() -> Callable[..., bytes]:
    return tiny.picture


@pytest.fixture
def incoming(services: Services) -> Callable[..., upload.Incoming]:
    """Puts bytes where a door would have left them."""

    def make(data: bytes, name: str = "photo.jpg") -> upload.Incoming:
        path = services.blobs.incoming / new_id()
        path.write_bytes(data)
        return upload.Incoming(name, path, hashlib.sha256(data).hexdigest(), len(data))

    return make


@pytest.fixture
def model(services: Services, tmp_path: Path) -> Callable[..., int]:
    """Lists a tiny real model as a version of a project and puts it live; returns its number."""

    def make(project: Project, *, live: bool = True, sharpness: float = 8.0) -> int:
        packed = tmp_path / new_id()
        digest = tiny.packed(tmp_path / new_id(), packed, sharpness=sharpness)
        services.blobs.adopt(packed, digest)
        with services.db.begin() as db:
            version = versions.add(db, project.id, bundle=digest, family="linear", params={}, metrics={})
            if live:
                project_rows.set_live(db, project.id, version_id=version.id, by=None, action="promote")
        if live:
            services.runtime.refresh()
        return version.number

    return make


@pytest.fixture
def kept(services: Services, project: Project, incoming: Callable[..., upload.Incoming]) -> Callable[..., Image]:
    """Uploads bytes into the project and answers them; returns the image as it is then."""

    def make(data: bytes, name: str = "photo.jpg") -> Image:
        [outcome] = upload.keep(services, user=OPERATOR, project=project.name, incoming=[incoming(data, name)])
        assert outcome.image is not None
        return answer.score(services, project_id=project.id, image_ids=[outcome.image.id], timeout=20)[0]

    return make


@pytest.fixture
def run_job(services: Services) -> Callable[[Job], Job]:
    """Carries a job to its end in this process and returns it."""
    return lambda job: tiny.run(services, job)
