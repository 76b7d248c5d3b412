"""Keep what a version said of each picture that judged it, so that versions are compared without asking them again."""

from __future__ import annotations

import json
from pathlib import Path

from sightloop.core.entities import UNKNOWN, Json, ModelVersion, Prediction, Project
from sightloop.core.ids import new_id
from sightloop.flows.judging import Judged
from sightloop.store import outcomes
from sightloop.store.database import Connection

FILE = "answers.json"


def answers(judged: Judged) -> Json:
    """{classes, said}: for each stored picture its probabilities in the order of `classes`."""
    rows = zip(judged.cases, judged.probabilities, strict=True)
    said = {case.image_id: row.tolist() for case, row in rows if case.image_id is not None}
    return {"classes": list(judged.classes), "said": said}


def write(folder: Path, judged: Judged) -> None:
    """Leave the answers in a job's work folder for the step that knows the version's number."""
    (folder / FILE).write_text(json.dumps(answers(judged)))


def read(folder: Path) -> Json:
    """What `write` left; nothing where the step before was carried out by an older Sightloop."""
    path = folder / FILE
    found: Json = json.loads(path.read_text()) if path.exists() else {"classes": [], "said": {}}
    return found


def keep(db: Connection, found: Json, *, project: Project, version: ModelVersion, at: float) -> None:
    """Keep `answers` as predictions of `version`, in the caller's transaction."""
    classes: list[str] = found["classes"]
    outcomes.keep(
        db,
        [
            _prediction(image_id, dict(zip(classes, row, strict=True)), project=project, version=version, at=at)
            for image_id, row in found["said"].items()
        ],
    )


def _prediction(
    image_id: str, probabilities: dict[str, float], *, project: Project, version: ModelVersion, at: float
) -> Prediction:
    predicted = max(probabilities, key=lambda name: probabilities[name])
    confidence = probabilities[predicted]
    return Prediction(
        id=new_id(),
        image_id=image_id,
        project_id=project.id,
        version_id=version.id,
        predicted=predicted,
        shown=predicted if confidence >= project.floor else UNKNOWN,
        confidence=confidence,
        probabilities=probabilities,
        route=outcomes.EVALUATION,
        seconds=0.0,
        off_domain=None,
        created_at=at,
    )
