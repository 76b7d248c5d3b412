"""What a job can be made of: step names and the flows that carry them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sightloop.core.entities import Job, Json
from sightloop.core.ports import Report
from sightloop.flows import answer, assessing, demo, describing, importing, registering, snapshot, training
from sightloop.flows.services import Services

Step = Callable[[Services, Job, Report], Json]

STEPS: Mapping[str, Step] = {
    "draw": demo.draw,
    "import": importing.run,
    "score": answer.score_pending,
    "describe": describing.describe,
    "rescore": answer.rescore,
    "snapshot": snapshot.snapshot,
    "train": training.train,
    "evaluate": assessing.evaluate,
    "register": registering.register,
}
