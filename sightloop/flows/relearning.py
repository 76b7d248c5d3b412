"""Ask for a training on what there is now, or on a ZIP that it takes in first: one job, so that nothing overtakes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from sightloop import families
from sightloop.core.entities import Job, User
from sightloop.flows import import_plan, importing, members, retraining, training
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import jobs
from sightloop.store.database import lock


def retrain(services: Services, *, user: User, name: str, archive: Path | None, discard: bool = True) -> Job:
    """Queue a training on what there is now; with a ZIP of class folders, one job that takes it in first.

    The live model learns on where there is one, else the task's usual family trains.

    Args:
        archive: with `discard` our own temporary file, removed when the job is over.

    Raises:
        Rejected, BadArchive: nothing to learn from, not such a ZIP, or a class that the project does not have.
        Conflict: a training waits or runs already.
    """
    project = project_for(services, user=user, name=name, action="train")
    if archive is not None:
        return _taking_in(services, user=user, name=name, archive=archive, discard=discard)
    if project.live_version_id is not None:
        return retraining.start(services, user=user, name=name, force=True)
    return training.start(services, user=user, name=name, params={})


def _taking_in(services: Services, *, user: User, name: str, archive: Path, discard: bool) -> Job:
    project = project_for(services, user=user, name=name, action="upload")
    found = importing.plan(services, project=project, path=archive)
    if found["new_classes"]:
        import_plan.check_new_classes(found, project, agreed=False)
    with services.db.connect() as db:
        live = members.live(db, project)
        learner = members.learner(db, live) if live else None
    if learner is None:
        family = families.usual(project.task)
        params = dataclasses.asdict(families.params(family, {}))
        families.check_weights(family, params, services.weights)
    else:
        family, params = retraining.plan(project, learner)
    taken = {"path": str(archive.absolute()), "dry_run": False, "site": None, "discard": discard}
    learnt = {"family": family, "params": params, "experiment": project.name}
    then = {"then": members.AGAIN} if live and learner and learner.id != live.id else {}
    with services.db.begin() as db:
        lock(db, f"training:{project.id}")
        retraining.check_free(db, project)
        return jobs.enqueue(
            db,
            kind="train",
            steps=(*importing.STEPS, *training.STEPS),
            params={**taken, **learnt, **then},
            project_id=project.id,
            created_by=user.id,
            heavy=True,
        )
