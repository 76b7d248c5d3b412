"""A fresh installation for a benchmark: data folder, account with a token, project with a live model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sightloop import wiring
from sightloop.core.entities import Job
from sightloop.core.ids import new_id
from sightloop.flows import accounts, importing, projects, training
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.samples import write
from sightloop.settings import Settings
from sightloop.store import projects as project_rows
from sightloop.store import versions
from tests import tiny

PASSWORD = "a long enough benchmark password"  # noqa: S105


@contextmanager
def opened(data: Path) -> Iterator[Services]:
    """Services on `data` in this process."""
    services = wiring.build(Settings(data=data))
    try:
        yield services
    finally:
        services.close()


def token(services: Services) -> str:
    """A token of a new admin for everything."""
    user = accounts.add_user(services, email=f"{new_id()}@example.org", name="Bench", password=PASSWORD, role="admin")
    secret, _ = accounts.create_token(services, user=user, name="bench", scopes=("view", "upload", "label", "export"))
    return secret


def colours(services: Services, name: str = "paint") -> None:
    """A project whose tiny model tells colours apart without fail."""
    project = projects.create(services, user=OPERATOR, name=name, classes=tuple(tiny.COLOURS))
    live(services, project.id, sharpness=8.0)


def live(services: Services, project_id: str, *, sharpness: float) -> str:
    """Put a tiny model live; returns its version id."""
    folder, packed = services.data / "tmp" / new_id(), services.blobs.incoming / new_id()
    digest = tiny.packed(folder, packed, sharpness=sharpness)
    services.blobs.adopt(packed, digest)
    with services.db.begin() as db:
        version = versions.add(db, project_id, bundle=digest, family="linear", params={}, metrics={})
        project_rows.set_live(db, project_id, version_id=version.id, by=None, action="promote", reason="benchmark")
    return version.id


def trained(services: Services, *, name: str, backbone: str, count: int = 12, **params: Any) -> Job:
    """A project of specimens with a briefly trained model of `backbone`; its speed is real, its answers are not."""
    projects.create(services, user=OPERATOR, name=name)
    folder = services.data / "drawn"
    write.write_set("specimens", folder, count_per_class=count)
    _run(services, importing.start(services, user=OPERATOR, name=name, path=folder))
    given: Mapping[str, Any] = {"backbone": backbone, "weights": "none", "epochs": 1, "freeze": "head_only", **params}
    return _run(services, training.start(services, user=OPERATOR, name=name, family="transfer", params=given))


def copied(services: Services, *, name: str) -> None:
    """List the live model a second time and put that live, so that there are two to swap."""
    with services.db.begin() as db:
        project = project_rows.get(db, name)
        live_now = versions.get(db, project.id, "champion")
        again = versions.add(
            db, project.id, bundle=live_now.bundle, family=live_now.family, params=live_now.params, metrics={}
        )
        project_rows.set_live(db, project.id, version_id=again.id, by=None, action="promote", reason="benchmark")


def _run(services: Services, job: Job) -> Job:
    done = tiny.run(services, job)
    if done.state != "done":
        raise RuntimeError(done.error)
    return done
