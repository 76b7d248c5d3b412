"""Ask for a search over a family's parameters, and follow what its trials found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sightloop import families
from sightloop.core.entities import Job, Json, User
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import training
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import jobs, runs
from sightloop.store.database import Connection

KIND = "tune"
STEPS = ("snapshot", "search", "train", "evaluate", "register", "gate")
MEASURE = "accuracy"
TRIALS = 15
MOST_TRIALS, MOST_PROCESSES = 1000, 64
SEEDS = 2**31 - 1
CURVE = "calibration_accuracy"


def start(
    services: Services,
    *,
    user: User,
    name: str,
    family: str = "",
    params: Mapping[str, Any],
    space: Mapping[str, Any] | None = None,
    trials: int = TRIALS,
    processes: int = 0,
    seed: int = 0,
) -> Job:
    """Queue a search of `family` (the task's usual one where it is ""); the best trial's model becomes a version.

    Args:
        params: parameters that every trial has; those are not searched.
        space: parameter → choices or {low, high, log}, beside or in place of what the family's searches usually try.
        processes: how many trials run side by side; 0 is two, or as many as there are cores.

    Raises:
        Missing: no such project or family.
        Rejected: the family cannot be searched, a parameter or number is out of range, or weights are not there.
    """
    project = project_for(services, user=user, name=name, action="train")
    family = family or families.usual(project.task)
    for what, value, low, high in (("trials", trials, 1, MOST_TRIALS), ("processes", processes, 0, MOST_PROCESSES),
                                   ("seed", seed, 0, SEEDS)):  # fmt: skip
        if not low <= value <= high:
            raise Rejected(f"{what}={value!r} is not within {low} and {high}.")
    axes = families.space(family, params, space or {})
    fixed = training.checked(services, project, family=family, params=families.searched(family, params))
    numbers = {"trials": trials, "processes": processes, "seed": seed}
    with services.db.begin() as db:
        return jobs.enqueue(
            db,
            kind=KIND,
            steps=STEPS,
            params={"family": family, "params": fixed, "space": axes, **numbers, "experiment": project.name},
            project_id=project.id,
            created_by=user.id,
            heavy=True,
        )


def listing(services: Services, *, user: User, project: str, limit: int = 50) -> list[Json]:
    """The project's searches, newest first: {job_id, family, state, trials, wanted, best, version, created_at}.

    `trials` is how many are over, `best` {number, value} or None.
    """
    found = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        return [_summary(db, job) for job in jobs.all(db, project_id=found.id, kinds=(KIND,), limit=limit)]


def show(services: Services, *, user: User, project: str, job_id: str) -> Json:
    """One search with every trial: {job_id, state, progress, message, family, measure, wanted, space, trials, …}.

    `best` is a trial's number, `importance` {parameter: share of what made trials good}, `version` the number of the
    version it made; each None where it is not known yet. Raises Missing for a job that is no search of this project.
    """
    found = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        job = jobs.get(db, job_id)
        if job.kind != KIND or job.project_id != found.id:
            raise Missing(f"no search {job_id!r} in project {project!r}.")
        run, trials = _trials(db, job)
    summary = _summed(job, trials)
    return {
        **{name: summary[name] for name in ("job_id", "family", "state", "wanted", "version", "created_at")},
        "progress": _progress(job),
        "message": job.error or job.message,
        "measure": MEASURE,
        "space": job.params["space"],
        "fixed": job.params["params"],
        "trials": trials,
        "best": summary["best"] and summary["best"]["number"],
        "importance": (run or {}).get("metrics", {}).get("importance"),
    }


def _progress(job: Job) -> float:
    """How far the trials are, 0..1."""
    at = STEPS.index("search")
    return job.progress if job.step == at else float(job.step > at)


def _summary(db: Connection, job: Job) -> Json:
    return _summed(job, _trials(db, job)[1])


def _summed(job: Job, trials: Sequence[Json]) -> Json:
    leader = best(trials)
    return {
        "job_id": job.id,
        "family": job.params["family"],
        "state": job.state,
        "trials": sum(trial["state"] != "running" for trial in trials),
        "wanted": job.params["trials"],
        "best": leader and {"number": leader["number"], "value": leader["value"]},
        "version": job.context.get("version"),
        "created_at": job.created_at,
    }


def best(trials: Sequence[Json]) -> Json | None:
    """The finished trial of the highest value; of equal ones that of the least loss, then the first."""
    over = [trial for trial in trials if trial["state"] == "done"]
    return max(over, key=lambda trial: (trial["value"], -trial["loss"], -trial["number"]), default=None)


def _trials(db: Connection, job: Job) -> tuple[Json | None, list[Json]]:
    run = runs.by_job(db, job.id, kind="search")
    if run is None:
        return None, []
    points = runs.points_inside(db, run["id"])
    names = [axis["name"] for axis in job.params["space"]]
    now = job.finished_at or job.heartbeat_at
    found = runs.inside(db, run["id"], kind="trial")
    return run, [_trial(one, points.get(one["id"], []), names, now=now) for one in found]


def _trial(run: Json, points: Sequence[Json], names: Sequence[str], *, now: float | None) -> Json:
    """A trial as people see it; `seconds` are those since it began, interruptions included."""
    metrics, ended = run["metrics"], run["finished_at"] or now
    return {
        "number": run["params"]["trial"],
        "state": "pruned" if metrics.get("pruned") else "failed" if run["state"] == "cancelled" else run["state"],
        "params": {name: run["params"][name] for name in names},
        "value": metrics.get("accuracy"),
        "loss": metrics.get("loss"),
        "reason": metrics.get("reason"),
        "seconds": None if ended is None else max(0.0, ended - run["started_at"]),
        "epochs": [{"epoch": point["step"], "value": point["figures"][CURVE]} for point in points],
    }
