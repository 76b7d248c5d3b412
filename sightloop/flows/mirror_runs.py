"""Tell the experiment server of one run: parameters, curves, figures, files and how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from sightloop import __version__
from sightloop.core.entities import Json
from sightloop.core.ports import TrackedFigure, TrackedRun, Tracker
from sightloop.flows import mirror_words, outbox
from sightloop.flows.services import Services
from sightloop.store import mirror, names, projects, runs, snapshots
from sightloop.store.database import Connection

PREFIXES: Final = {"training": "test/", "evaluation": "evaluation/"}
CURVE: Final = "curve"


def tell(services: Services, tracker: Tracker, due: mirror.Due) -> None:
    """Bring the run there up to date with ours, and remember what was told. Raises as `Tracker`."""
    with services.db.connect() as db:
        run = runs.get(db, due.local)
        told, points = _tracked(db, run), runs.points(db, due.local)
        known = mirror.known_as(db, CURVE, due.local)
    steps = set(json.loads(known.state)) if known and due.remote else set()
    remote = tracker.run(told, remote=due.remote)
    tracker.figures(remote, [one for point in points if point["step"] not in steps for one in _of_point(point)])
    if told.finished_at is not None:
        _end(services, tracker, run, told, remote=remote)
    with services.db.begin() as db:
        steps |= {point["step"] for point in points}
        mirror.remember(db, CURVE, due.local, remote=remote, state=json.dumps(sorted(steps)))
        mirror.remember(db, due.kind, due.local, remote=remote, state=due.stamp)
    if told.finished_at is not None:
        outbox.drop(services, due.local)


def _tracked(db: Connection, run: Json) -> TrackedRun:
    project = projects.get(db, run["project_id"])
    parent = mirror.known_as(db, "run", run["parent_id"])
    number = names.of_versions(db, [run["version_id"]]).get(run["version_id"] or "")
    tags = {
        "mlflow.user": names.of_users(db, [run["created_by"]]).get(run["created_by"] or "", "sightloop"),
        "mlflow.source.name": "sightloop",
        "sightloop.project": project.name,
        "sightloop.run": run["id"],
        "sightloop.kind": run["kind"],
        "sightloop.state": run["state"],
        "sightloop.code_version": __version__,
        "sightloop.job": run["job_id"],
        "sightloop.snapshot": snapshots.get(db, run["snapshot_id"]).hash if run["snapshot_id"] else None,
        "sightloop.version": number,
    }
    return TrackedRun(
        key=f"run:{run['id']}",
        experiment=f"sightloop/{project.name}",
        name=_name(run, number),
        state=run["state"],
        started_at=run["started_at"],
        finished_at=run["finished_at"],
        parent=(parent.remote or None) if parent else None,
        params=dict(mirror_words.texts({"family": run["family"], **run["params"]})),
        tags={name: str(value) for name, value in tags.items() if value is not None},
    )


def _name(run: Json, number: int | None) -> str:
    if run["kind"] == "training":
        return run["family"] if number is None else f"{run['family']} v{number}"
    return f"{run['kind']} of " + (run["family"] if number is None else f"v{number}")


def _of_point(point: Json) -> Iterator[TrackedFigure]:
    for name, value in mirror_words.flat(point["figures"]):
        yield TrackedFigure(name, value, int(point["step"]), point["at"])


def _end(services: Services, tracker: Tracker, run: Json, told: TrackedRun, *, remote: str) -> None:
    at = run["finished_at"]
    found = mirror_words.flat(run["metrics"], PREFIXES.get(run["kind"], ""))
    tracker.figures(remote, [TrackedFigure(name, value, 0, at) for name, value in found])
    if run["metrics"] and run["kind"] in PREFIXES:
        outbox.put(services, run["id"], {"figures.json": json.dumps(run["metrics"], indent=1).encode()})
    if files := outbox.waiting(services, run["id"]):
        tracker.files(remote, files)
    tracker.end(remote, state=told.state, at=at)
