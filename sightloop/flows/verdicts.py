"""What one answer of the runtime means in a project: facts with their issues, and a prediction."""

from __future__ import annotations

from sightloop import telemetry
from sightloop.core.arrays import Embedding
from sightloop.core.entities import Answer, Facts, Image, Prediction, Project
from sightloop.core.ids import new_id
from sightloop.flows import drawing
from sightloop.flows.services import Services
from sightloop.tasks import TASKS
from sightloop.vision import quality

Row = tuple[Image, Facts | None, Prediction | None, Embedding | None]  # what there is to write of one picture


def with_issues(facts: Facts, project: Project) -> Facts:
    """The facts with quality issues by the limits of the project's own pictures, once there are any."""
    limits = {name: tuple(pair) for name, pair in project.settings.get("quality_limits", {}).items()}
    found = {**facts.quality, "issues": quality.issues(facts.quality, limits)}
    return Facts(**{**facts.__dict__, "quality": found})


def prediction(services: Services, project: Project, image: Image, answer: Answer) -> Prediction | None:
    """What the model's answer means in this project; None where there is no model."""
    if answer.version_id is None:
        return None
    verdict = TASKS[project.task].verdict(answer, floor=project.floor)
    telemetry.count_prediction(project.name, verdict.shown, answer.route)
    if answer.map is not None:
        services.blobs.keep(drawing.kind(answer.version_id), image.sha256, answer.map)
    agreement = drawing.agreement(services, project, image, answer.map)
    return Prediction(
        id=new_id(),
        image_id=image.id,
        project_id=project.id,
        version_id=answer.version_id,
        predicted=verdict.predicted,
        shown=verdict.shown,
        confidence=verdict.confidence,
        probabilities=dict(zip(answer.classes, answer.probabilities, strict=True)),
        route=answer.route,
        seconds=answer.seconds,
        off_domain=answer.off_domain,
        created_at=services.clock(),
        figures={**verdict.figures, **({} if agreement is None else {"agreement": agreement})} or None,
    )
