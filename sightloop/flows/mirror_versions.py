"""Tell the experiment server of one model version with its bundle, card and plots, and of which version is live."""

from __future__ import annotations

import json
from pathlib import Path

from sightloop.bundles import format as bundle_format
from sightloop.core.entities import ModelVersion, Project
from sightloop.core.ports import TrackedFigure, TrackedRun, Tracker
from sightloop.flows import mirror_words
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.store import mirror, projects, versions


def tell(services: Services, tracker: Tracker, due: mirror.Due) -> None:
    """Send the version's files to the run that made it, and list them as a version of the project's model there."""
    with services.db.connect() as db:
        version = versions.by_id(db, due.local)
        project = projects.get(db, version.project_id)
        made_by = mirror.known_as(db, "run", mirror.run_of(db, version.id))
    folder = unpacked(services, version.bundle)
    remote = (made_by.remote if made_by else "") or _imported(tracker, project, version)
    files = _files(folder) | {f"bundle/{project.name}-v{version.number}.bundle": services.blobs.path(version.bundle)}
    tracker.files(remote, files)
    number = tracker.version(model(project), remote=remote, tags=_tags(folder, version))
    with services.db.begin() as db:
        mirror.remember(db, due.kind, due.local, remote=number, state=due.stamp)


def tell_aliases(services: Services, tracker: Tracker, due: mirror.Due) -> None:
    """Let champion, challenger and previous name the versions there that they name here."""
    with services.db.connect() as db:
        project = projects.get(db, due.project_id)
        found = {alias: mirror.known_as(db, "version", one) for alias, one in json.loads(due.stamp).items()}
    tracker.aliases(model(project), {alias: row.remote for alias, row in found.items() if row and row.remote})
    with services.db.begin() as db:
        mirror.remember(db, due.kind, due.local, remote=model(project), state=due.stamp)


def model(project: Project) -> str:
    """The name of a project's registered model there."""
    return f"sightloop.{project.name}"


def _files(folder: Path) -> dict[str, Path]:
    found = [folder / "card.md", folder / bundle_format.MANIFEST, *sorted((folder / "plots").glob("*.svg"))]
    return {path.relative_to(folder).as_posix(): path for path in found if path.is_file()}


def _tags(folder: Path, version: ModelVersion) -> dict[str, str]:
    manifest = bundle_format.parse(folder)
    tags = {
        "sightloop.version": str(version.number),
        "sightloop.id": version.id,
        "sightloop.bundle": version.bundle,
        "sightloop.family": version.family,
        "sightloop.snapshot": manifest.snapshot or "",
        "sightloop.code_version": manifest.code_version,
    }
    return {name: value for name, value in tags.items() if value}


def _imported(tracker: Tracker, project: Project, version: ModelVersion) -> str:
    """A run there for a version that no training of ours made."""
    told = TrackedRun(
        key=f"version:{version.id}",
        experiment=f"sightloop/{project.name}",
        name=f"{version.family} v{version.number} (imported)",
        state="done",
        started_at=version.created_at,
        params=dict(mirror_words.texts({"family": version.family, **version.params})),
        tags={"sightloop.project": project.name, "sightloop.kind": "imported", "mlflow.source.name": "sightloop"},
    )
    remote = tracker.run(told, remote=None)
    figures = mirror_words.flat(version.metrics.get("test") or {}, "test/")
    tracker.figures(remote, [TrackedFigure(name, value, 0, version.created_at) for name, value in figures])
    tracker.end(remote, state=told.state, at=version.created_at)
    return remote
