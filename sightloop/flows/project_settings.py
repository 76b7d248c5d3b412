"""What the settings of a project may be, and what a new floor does to its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sightloop.core import scale
from sightloop.core.entities import Project
from sightloop.core.errors import Rejected
from sightloop.core.splits import DEFAULT_RATIOS, check_ratios
from sightloop.store import images, jobs
from sightloop.store.database import Connection

WHOLE_NUMBERS = {"trash_days": (1, 3650), "min_samples_for_retraining": (1, 1_000_000)}  # and their ranges
REGIONS = ("", "eye")
MOST_REJECTED = 0.5
DRIFT_CHECKS = ("daily", "off")
HIGHEST_THRESHOLD = 0.5
WIDEST = 0.2  # margin of accuracy, or of Dice, that a promotion may lose
SWITCHES = ("group_by_site", "retrain_automatically", "promote_automatically", "certify", "retake")  # true or false


def check(settings: Mapping[str, Any]) -> None:
    """Raise Rejected where a setting that something here obeys is of another kind than it should be."""
    for name, (low, high) in WHOLE_NUMBERS.items():
        value = settings.get(name, low)
        if type(value) is not int or not low <= value <= high:
            raise Rejected(f"{name} {value!r} does not fit.", hint=f"Use a whole number from {low} to {high}.")
    for name in SWITCHES:
        if not isinstance(settings.get(name, True), bool):
            raise Rejected(f"{name} {settings[name]!r} is neither true nor false.")
    rate = settings.get("reject_rate", 0.0)
    if type(rate) not in (int, float) or not 0 <= rate <= MOST_REJECTED:
        raise Rejected(f"reject_rate {rate!r} does not fit.", hint=f"Use 0 to {MOST_REJECTED}, for example 0.01.")
    margin = settings.get("margin")
    if margin is not None and (type(margin) not in (int, float) or not 0 < margin <= WIDEST):
        raise Rejected(f"margin {margin!r} does not fit.", hint=f"Use up to {WIDEST}, for example 0.01, or null.")
    if settings.get("region", "") not in REGIONS:
        raise Rejected(f"region {settings['region']!r} is not known.", hint='Use "eye", or "" for the whole picture.')
    _check_drift(settings)
    ratios = settings.get("ratios", DEFAULT_RATIOS)
    if not isinstance(ratios, list | tuple) or [type(one) in (int, float) for one in ratios] != [True] * 3:
        raise Rejected(f"split ratios {ratios!r} are not three numbers.", hint="For example 0.7, 0.1, 0.2.")
    check_ratios((ratios[0], ratios[1], ratios[2]))
    scale.check(settings.get(scale.NAME))


def _check_drift(settings: Mapping[str, Any]) -> None:
    threshold = settings.get("drift_threshold", 0.05)
    if type(threshold) not in (int, float) or not 0 < threshold <= HIGHEST_THRESHOLD:
        hint = f"Use a p above 0, up to {HIGHEST_THRESHOLD}, for example 0.05."
        raise Rejected(f"drift_threshold {threshold!r} does not fit.", hint=hint)
    if settings.get("drift_check", "daily") not in DRIFT_CHECKS:
        raise Rejected(f"drift_check {settings['drift_check']!r} is not known.", hint='Use "daily" or "off".')


def refloor(db: Connection, project: Project, *, by: str) -> None:
    """Sort the pictures into tabs anew; where masks are drawn, queue their comparison with the model's new ones."""
    images.refloor(db, project.id, floor=project.floor, classes=project.classes, by=by)
    waiting = jobs.all(db, project_id=project.id, states=("queued",), kinds=("agree",), limit=1)
    if project.task == "segment" and not waiting:
        jobs.enqueue(db, kind="agree", steps=("agree",), project_id=project.id, created_by=by)
