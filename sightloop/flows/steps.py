"""What a job can be made of: step names and the flows that carry them out, each imported only when it is its turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from sightloop.core.entities import Job, Json
from sightloop.core.errors import Missing
from sightloop.core.ports import Report
from sightloop.flows.services import Services

Step = Callable[[Services, Job, Report], Json]

STEPS: Mapping[str, str] = {
    "draw": "demo.draw",
    "import": "importing.run",
    "score": "answer.score_pending",
    "describe": "describing.describe",
    "rescore": "answer.rescore",
    "snapshot": "snapshot.snapshot",
    "search": "trying.search",
    "train": "fitting.train",
    "evaluate": "assessing.evaluate",  # of a training: the bundle it made
    "register": "registering.register",
    "gate": "promoting.gate",  # of a version: behind its training, or asked for later
    "drift": "drifting.run",
    "watch": "beside.run",  # of a promotion: both versions about the same pictures
    "shadow": "shadow_deciding.run",
    "judge": "evaluating.run",  # of an evaluation: a version that is in the registry
    "agree": "agreeing.agree",  # people's masks with the model's, at a new threshold
    "export": "export_job.run",
    "backup": "backup.run",
    "check": "checking.run",
}


def step(name: str) -> Step:
    """The flow that carries out the step called `name`; raises Missing where there is none."""
    if name not in STEPS:
        raise Missing(f"no step {name!r}.", hint="The job was made by another version of Sightloop.")
    module, _, verb = STEPS[name].partition(".")
    return cast(Step, getattr(import_module(f"sightloop.flows.{module}"), verb))
