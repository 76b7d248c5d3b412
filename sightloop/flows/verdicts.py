"""What one answer of the runtime means in a project: facts with their issues, and a prediction."""

from __future__ import annotations

from dataclasses import replace

from sightloop import telemetry
from sightloop.core.arrays import Embedding
from sightloop.core.entities import Answer, Facts, Image, Json, Prediction, Project, Verdict
from sightloop.core.ids import new_id
from sightloop.flows import drawing
from sightloop.flows.services import Services
from sightloop.tasks import TASKS
from sightloop.tasks.refusal import FAULTS, REFUSALS
from sightloop.vision import quality

Row = tuple[Image, Facts | None, Prediction | None, Embedding | None]  # what there is to write of one picture


def with_issues(facts: Facts, project: Project) -> Facts:
    """The facts with quality issues by the limits of the project's own pictures, once there are any."""
    found = {**facts.quality, "issues": quality.issues(facts.quality, _limits(project, "quality_limits"))}
    return Facts(**{**facts.__dict__, "quality": found})


def _limits(project: Project, name: str) -> quality.Limits:
    return {measure: (pair[0], pair[1]) for measure, pair in project.settings.get(name, {}).items()}


def retakes(project: Project) -> bool:
    """Whether the project asks for another photo where one is not fit to be judged, and knows by now what is usual."""
    return bool(project.settings.get("retake")) and bool(_limits(project, "retake_limits"))


def faults(project: Project, facts: Facts | None) -> list[str]:
    """What is wrong with a picture by the limits of the project's own ones, where it asks for another photo then.

    They are wider than those of the issues: of ordinary pictures few should be refused.
    """
    if facts is None or not retakes(project):
        return []
    return [issue for issue in quality.issues(facts.quality, _limits(project, "retake_limits")) if issue in FAULTS]


def verdict(project: Project, answer: Answer) -> Verdict:
    """What the project shows for a model's answer: its floor, its reject rate and its wish for sharp photos applied."""
    return TASKS[project.task].verdict(
        answer,
        floor=project.floor,
        reject_rate=project.settings.get("reject_rate", 0.0),
        faults=faults(project, answer.facts),
    )


def prediction(services: Services, project: Project, image: Image, answer: Answer) -> Prediction | None:
    """What the model's answer means in this project; None where there is no model."""
    if answer.version_id is None:
        return None
    found = verdict(project, answer)
    refused = found.reason if found.reason in REFUSALS else None
    telemetry.count_prediction(project.name, found.shown, answer.route)
    if answer.map is not None:
        services.blobs.keep(drawing.kind(answer.version_id), image.sha256, answer.map)
    agreement = drawing.agreement(services, project, image, answer.map)
    said = unseen(project, image, answer, version_id=answer.version_id, at=services.clock())
    return replace(said, figures=found.figures | _told(agreement=agreement, audit=answer.audit, reason=refused) or None)


def unseen(project: Project, image: Image, answer: Answer, *, version_id: str, at: float) -> Prediction:
    """The same of a version that is asked beside the live one: nothing is counted or drawn."""
    found = verdict(project, answer)
    return Prediction(
        id=new_id(),
        image_id=image.id,
        project_id=project.id,
        version_id=version_id,
        predicted=found.predicted,
        shown=found.shown,
        confidence=found.confidence,
        probabilities=dict(zip(answer.classes, answer.probabilities, strict=True)),
        route=answer.route,
        seconds=answer.seconds,
        off_domain=answer.off_domain,
        created_at=at,
        figures=found.figures or None,
    )


def _told(**figures: object) -> Json:
    return {name: value for name, value in figures.items() if value is not None}
