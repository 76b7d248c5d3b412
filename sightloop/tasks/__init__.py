"""One module per task: what a label may be, what an answer means, how good answers are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sightloop.core.entities import Json, Verdict
from sightloop.tasks import classify


@dataclass(frozen=True)
class TaskKit:
    """What the flows need of a task; for the signatures see `sightloop.tasks.classify`."""

    verdict: Callable[..., Verdict]
    check_label: Callable[..., None]
    score: Callable[..., Json]


TASKS: dict[str, TaskKit] = {
    "classify": TaskKit(verdict=classify.verdict, check_label=classify.check_label, score=classify.score)
}
