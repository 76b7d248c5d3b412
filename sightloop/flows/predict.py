"""Answer a picture that is not kept."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from sightloop import telemetry
from sightloop.core.entities import Answer, Json, Project, User
from sightloop.core.errors import Missing, Unavailable
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import versions
from sightloop.tasks import TASKS

LIVE = frozenset({"champion", "live", ""})


@dataclass(frozen=True)
class Target:
    """Where a request is answered: the project and, unless it is the live one, the asked model version."""

    project: Project
    version_id: str | None


def target(services: Services, *, user: User, project: str, model: str = "champion") -> Target:
    """Look up the project and model once; the answer may be kept for a second.

    Raises:
        Missing: no such project or model version.
        Unavailable: the project has no model yet.
    """
    found = project_for(services, user=user, name=project, action="view")
    if model in LIVE:
        if found.live_version_id is None:
            raise Unavailable(f"project {project!r} has no model yet.", hint="Label pictures and train one first.")
        return Target(found, None)
    with services.db.connect() as db:
        return Target(found, versions.get(db, found.id, model).id)


def submit(services: Services, data: bytes, *, where: Target, timeout: float = 30.0) -> Future[Answer]:
    """Queue one picture; see `core.ports.Runtime.submit` for what is raised and when."""
    return services.runtime.submit(
        data, project_id=where.project.id, facts=False, version_id=where.version_id, timeout=timeout
    )


def render(answer: Answer, *, where: Target) -> Json:
    """The answer as the API and the command line give it; `processing_time` in seconds.

    Raises:
        Missing: the project lost its model between the question and the answer.
    """
    if answer.version is None:
        raise Missing(f"project {where.project.name!r} has no model.", hint="Train one first.")
    verdict = TASKS[where.project.task].verdict(answer, floor=where.project.floor)
    telemetry.count_prediction(where.project.name, verdict.shown, answer.route)
    return {
        "prediction": verdict.shown,
        "predicted": verdict.predicted,
        "reason": verdict.reason,
        "confidence": verdict.confidence,
        "probabilities": dict(zip(answer.classes, answer.probabilities, strict=True)),
        "model_used": f"{where.project.name}/{answer.version}",
        "model_version": answer.version,
        "route": answer.route,
        "processing_time": answer.seconds,
        "worker_id": answer.worker,
        "off_domain": answer.off_domain,
    }


def predict(
    services: Services, *, user: User, project: str, data: bytes, model: str = "champion", timeout: float = 30.0
) -> Json:
    """Ask and wait.

    Raises:
        BadImage: not a picture that can be decoded safely.
        Overloaded: no free core within `timeout` seconds.
    """
    where = target(services, user=user, project=project, model=model)
    return render(submit(services, data, where=where, timeout=timeout).result(), where=where)
