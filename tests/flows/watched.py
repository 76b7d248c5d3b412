"""Pictures that came in use, with answers of a version and words of people, for tests of what follows a promotion."""

from __future__ import annotations

from sqlalchemy import insert

from sightloop.core.entities import Image, Json, ModelVersion, Project
from sightloop.flows import watching
from sightloop.flows.services import Services
from sightloop.store import images, loop_tables, outcomes, projects, versions, watches
from sightloop.store.watches import Watch
from tests.flows import labelled
from tests.store import builders


def came(
    services: Services,
    project: Project,
    version: ModelVersion,
    n: int,
    *,
    at: float,
    said: str = "red",
    corrected: int = 0,
    confirmed: int = 0,
    seconds: float = 0.01,
) -> list[Image]:
    """`n` pictures that were taken and answered at a time.

    People say of the first `corrected` that they are blue, and of as many as `confirmed` after them that it is right.
    """
    found = []
    for number in range(n):
        name = f"{version.number} {at} {number}"
        image = labelled.add(services, project, name, label=None, created_at=at)
        answer = builders.prediction(image, predicted=said, version_id=version.id, created_at=at, seconds=seconds)
        with services.db.begin() as db:
            image = images.apply_prediction(db, image, answer, None)
            if number < corrected:
                image = images.relabel(db, image, value="blue", action="correct", by=None)
            elif number < corrected + confirmed:
                image = images.verify(db, image, by=None)
        found.append(image)
    return found


def say(services: Services, version: ModelVersion, pictures: list[Image], word: str) -> None:
    """The version says this of the pictures, asked only to be judged."""
    said = [builders.prediction(one, predicted=word, version_id=version.id) for one in pictures]
    with services.db.begin() as db:
        outcomes.keep(db, said)


def timed(services: Services, version: ModelVersion, pictures: list[Image], seconds: float) -> None:
    """The version took so long over each of the pictures just now, asked beside the other one."""
    at = services.clock()
    took = [builders.prediction(one, version_id=version.id, seconds=seconds, created_at=at) for one in pictures]
    with services.db.begin() as db:
        watches.keep(db, took)


def drawn(services: Services, project: Project, n: int, *, label: str) -> list[Image]:
    """Pictures drawn at random whose labels were asked for, and given just now."""
    found = [labelled.add(services, project, f"drawn {number}", label=label) for number in range(n)]
    at = services.clock()
    row = {"project_id": project.id, "at": at, "kind": "random", "judges": True, "answered_at": at}
    with services.db.begin() as db:
        db.execute(insert(loop_tables.wanted), [row | {"image_id": one.id} for one in found])
    return found


def now(services: Services, project: Project) -> Project:
    """The project as it is stored."""
    with services.db.connect() as db:
        return projects.get(db, project.id)


def newest(services: Services, project: Project) -> Watch:
    """The newest watch of the project."""
    with services.db.connect() as db:
        return watches.newest(db, project.id, limit=1)[0]


def rule(services: Services, project: Project, name: str) -> Json:
    """A rule of the newest watch after a look."""
    watching.look(services)
    [found] = [one for one in newest(services, project).report["rules"] if one["name"] == name]
    return dict(found)


def version(services: Services, project: Project, number: int) -> ModelVersion:
    """A version by its number."""
    with services.db.connect() as db:
        return versions.get(db, project.id, number)
