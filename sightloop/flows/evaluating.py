"""Score a model that is in the registry: on the frozen test side, or on any labelled folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from sightloop import bundles
from sightloop.core.entities import Json, ModelVersion, Project, User
from sightloop.core.errors import Rejected
from sightloop.flows import layouts, manifests
from sightloop.flows.access import project_for
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.judging import Case, judge, score, stored_cases
from sightloop.flows.services import Services
from sightloop.store import versions


def on_test(services: Services, *, user: User, name: str, version: str = "champion") -> Json:
    """Score a model version on the frozen test side of the labels as they are now."""
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        rows = manifests.teaching_rows(db, project)
        found = versions.get(db, project.id, version)
    return _score_version(services, project, found, stored_cases(services, rows))


def on_folder(services: Services, *, user: User, name: str, folder: Path, version: str = "champion") -> Json:
    """Score a model version on any labelled folder, ZIP or table; nothing is stored.

    Raises:
        Rejected: no labelled picture there, or a class the project does not know.
    """
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        found = versions.get(db, project.id, version)
    with layouts.look(folder) as layout:
        strange = sorted(set(layout.classes) - set(project.classes))
        if strange or not layout.classes:
            raise Rejected(
                f"{folder} has no labelled pictures of project {name!r}"
                + (f" but {strange[0]!r}." if strange else "."),
                hint=f"Classes: {', '.join(project.classes)}.",
            )
        cases = [_case(layout, item) for item in layout.items if item.label is not None]
        return _score_version(services, project, found, cases)


def _score_version(services: Services, project: Project, version: ModelVersion, cases: Sequence[Case]) -> Json:
    predictor = bundles.load(unpacked(services, version.bundle))
    figures = score(judge(predictor, cases, classes=project.classes), project=project)
    return {"project": project.name, "model_version": version.number, **figures}


def _case(layout: layouts.Layout, item: layouts.Item) -> Case:
    assert item.label is not None
    group = item.site or hashlib.sha256(item.where.encode()).hexdigest()
    return Case(lambda: layout.read(item.where), item.label, group)
