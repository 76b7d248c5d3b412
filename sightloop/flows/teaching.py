"""Say what a training would learn from now, and whether it is worth starting one."""

from __future__ import annotations

from collections import Counter

from sightloop.core.entities import NOTHING, Json, ModelVersion, Project, User
from sightloop.core.splits import SIDES
from sightloop.flows import manifests, members
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.flows.snapshot import MIN_CLASSES
from sightloop.store import labelled, snapshots, tallies
from sightloop.store.database import Connection
from sightloop.tasks import TASKS

WANTED = 50


def teaching(services: Services, *, user: User, project: str) -> Json:
    """What a snapshot taken now would hold, from counts that are kept up to date.

    Returns {labelled, teach, calibrate, judge, unused, per_class, new_since_live, corrected_since_live, wanted, ready,
    reason}: `unused` are labelled pictures that neither teach nor judge (said to be `unknown`, exact copies, unreadable
    ones, those between two sides); `new_since_live` counts pictures labelled since the live version's snapshot (all of
    them where there is none), whichever side they are on; `reason` says what is missing where `ready` is False.

    A project that segments counts masks, and wants corrected ones: those that people drew.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        live = members.live(db, target)
        counts = tallies.summary(db, target.id)["labels"]
        said, corrected = said_since(db, target, learnt_at(db, live))
    sides = manifests.tallied(target, counts)
    totals = {side: sum(sides[side].values()) for side in SIDES}
    everything = sum(row["n"] for row in counts)
    wanted = wanted_in(target)
    reason = _missing(target, sides["train"])
    reason = reason or _few(target, live, counted=counted(target, said, corrected), wanted=wanted)
    words = TASKS[target.task].words(target.classes)
    return {
        "labelled": everything,
        "teach": totals["train"],
        "calibrate": totals["calibration"],
        "judge": totals["test"],
        "unused": everything - sum(totals.values()),
        "per_class": [{"name": name, **{side: sides[side][name] for side in SIDES}} for name in words],
        "new_since_live": said,
        "corrected_since_live": corrected,
        "wanted": wanted,
        "ready": reason is None,
        "reason": reason,
    }


def said_since(db: Connection, project: Project, since: float | None) -> tuple[int, int]:
    """How many pictures people labelled after a time, and how many of them they corrected."""
    count = labelled.drawn_since if project.task == "segment" else labelled.said_since
    return count(db, project.id, since)


def counted(project: Project, said: int, corrected: int) -> int:
    """Which of the two makes a further training worth while."""
    return corrected if project.task == "segment" else said


def wanted_in(project: Project) -> int:
    """How many of those are enough in this project."""
    return int(project.settings.get("min_samples_for_retraining", WANTED))


def learnt_at(db: Connection, live: ModelVersion | None) -> float | None:
    """When what the version learnt from was frozen; None where nobody wrote it down."""
    learnt = members.learner(db, live).snapshot_id if live else None
    return snapshots.get(db, learnt).created_at if learnt else None


def _missing(project: Project, train: Counter[str]) -> str | None:
    if project.task == "segment":
        drawn = sum(n for word, n in train.items() if word != NOTHING)
        return None if drawn else f"1 mask of {project.name!r} on the training side is needed, and there is none."
    if len(train) >= MIN_CLASSES:
        return None
    has = f"only {next(iter(train))!r} has any" if train else "none has any"
    return f"{MIN_CLASSES} classes of {project.name!r} need labelled training pictures, and {has}."


def _few(project: Project, live: ModelVersion | None, *, counted: int, wanted: int) -> str | None:
    if live is None or counted >= wanted:
        return None
    what = "corrected masks" if project.task == "segment" else "new labels"
    gap = wanted - counted
    return f"{counted} of {wanted} {what} since version {live.number} learnt: {gap} more are wanted."
