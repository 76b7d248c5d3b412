"""Keep what a version said of each picture that judged it, so that versions are compared without asking them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sightloop.core.entities import Json, ModelVersion, Prediction, Project
from sightloop.core.ids import new_id
from sightloop.store import outcomes
from sightloop.store.database import Connection

FILE = "said.json"


def write(folder: Path, said: Mapping[str, Json]) -> None:
    """Leave what was said, by image id, in a job's work folder for the step that knows the version's number."""
    (folder / FILE).write_text(json.dumps(said))


def read(folder: Path) -> dict[str, Json]:
    """What `write` left; nothing where the step before was carried out by an older Sightloop."""
    path = folder / FILE
    found: dict[str, Json] = json.loads(path.read_text()) if path.exists() else {}
    return found


def keep(db: Connection, said: Mapping[str, Json], *, project: Project, version: ModelVersion, at: float) -> None:
    """Keep what `version` said as its predictions, in the caller's transaction."""
    outcomes.keep(db, [_prediction(name, row, project=project, version=version, at=at) for name, row in said.items()])


def _prediction(image_id: str, said: Json, *, project: Project, version: ModelVersion, at: float) -> Prediction:
    return Prediction(
        id=new_id(),
        image_id=image_id,
        project_id=project.id,
        version_id=version.id,
        route=outcomes.EVALUATION,
        seconds=0.0,
        off_domain=None,
        created_at=at,
        **said,
    )
