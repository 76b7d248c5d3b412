"""Say what a training would learn from now, and whether it is worth starting one."""

from __future__ import annotations

from collections import Counter

from sightloop.core.entities import Json, ModelVersion, Project, User
from sightloop.core.splits import SIDES
from sightloop.flows import manifests
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.flows.snapshot import MIN_CLASSES
from sightloop.store import labelled, snapshots, tallies, versions
from sightloop.store.database import Connection

WANTED = 50


def teaching(services: Services, *, user: User, project: str) -> Json:
    """What a snapshot taken now would hold, from counts that are kept up to date.

    Returns {labelled, teach, calibrate, judge, unused, per_class, new_since_live, corrected_since_live, wanted, ready,
    reason}: `unused` are labelled pictures that neither teach nor judge (said to be `unknown`, exact copies, unreadable
    ones, those between two sides); `new_since_live` counts pictures labelled since the live version's snapshot (all of
    them where there is none), whichever side they are on; `reason` says what is missing where `ready` is False.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        live = versions.by_id(db, target.live_version_id) if target.live_version_id else None
        counts = tallies.summary(db, target.id)["labels"]
        said, corrected = labelled.said_since(db, target.id, _since(db, live))
    sides = manifests.tallied(target, counts)
    totals = {side: sum(sides[side].values()) for side in SIDES}
    everything = sum(row["n"] for row in counts)
    wanted = int(target.settings.get("min_samples_for_retraining", WANTED))
    reason = _missing(target, sides["train"]) or _few(live, said=said, wanted=wanted)
    return {
        "labelled": everything,
        "teach": totals["train"],
        "calibrate": totals["calibration"],
        "judge": totals["test"],
        "unused": everything - sum(totals.values()),
        "per_class": [{"name": name, **{side: sides[side][name] for side in SIDES}} for name in target.classes],
        "new_since_live": said,
        "corrected_since_live": corrected,
        "wanted": wanted,
        "ready": reason is None,
        "reason": reason,
    }


def _since(db: Connection, live: ModelVersion | None) -> float | None:
    return snapshots.get(db, live.snapshot_id).created_at if live and live.snapshot_id else None


def _missing(project: Project, train: Counter[str]) -> str | None:
    if len(train) >= MIN_CLASSES:
        return None
    has = f"only {next(iter(train))!r} has any" if train else "none has any"
    return f"{MIN_CLASSES} classes of {project.name!r} need labelled training pictures, and {has}."


def _few(live: ModelVersion | None, *, said: int, wanted: int) -> str | None:
    if live is None or said >= wanted:
        return None
    return f"{said} of {wanted} new labels since version {live.number} learnt: {wanted - said} more are wanted."
