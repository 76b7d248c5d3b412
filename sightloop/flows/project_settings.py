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
NUMBERS = {
    "reject_rate": (0.0, 0.5),
    "drift_threshold": (0.0001, 0.5),
    "margin": (0.0001, 0.2),  # of accuracy, or of Dice, that a promotion may lose
    "cool_down_days": (0.0, 365.0),
    "budget_hours": (0.0, 10_000.0),
    "new_share": (0.0, 0.5),
}
ABSENT = ("margin",)  # null is what is usual
CHOICES = {"drift_check": ("daily", "off"), "rollout": ("direct", "shadow"), "region": ("", "eye")}
SWITCHES = (
    "group_by_site", "retrain_automatically", "promote_automatically", "certify", "retake", "second_opinion",
)  # fmt: skip


def check(settings: Mapping[str, Any]) -> None:
    """Raise Rejected where a setting that something here obeys is of another kind than it should be."""
    for name, (low, high) in WHOLE_NUMBERS.items():
        value = settings.get(name, low)
        if type(value) is not int or not low <= value <= high:
            raise Rejected(f"{name} {value!r} does not fit.", hint=f"Use a whole number from {low} to {high}.")
    for name, (least, most) in NUMBERS.items():
        number = settings.get(name, least)
        if number is None and name in ABSENT:
            continue
        if type(number) not in (int, float) or not least <= number <= most:
            raise Rejected(f"{name} {number!r} does not fit.", hint=f"Use {least:g} to {most:g}.")
    for name in SWITCHES:
        if not isinstance(settings.get(name, True), bool):
            raise Rejected(f"{name} {settings[name]!r} is neither true nor false.")
    for name, known in CHOICES.items():
        if settings.get(name, known[0]) not in known:
            hint = f"Use {' or '.join(repr(one) for one in known)}."
            raise Rejected(f"{name} {settings[name]!r} is not known.", hint=hint)
    _check_ratios(settings.get("ratios", DEFAULT_RATIOS))
    scale.check(settings.get(scale.NAME))


def _check_ratios(ratios: object) -> None:
    if not isinstance(ratios, list | tuple) or [type(one) in (int, float) for one in ratios] != [True] * 3:
        raise Rejected(f"split ratios {ratios!r} are not three numbers.", hint="For example 0.7, 0.1, 0.2.")
    check_ratios((ratios[0], ratios[1], ratios[2]))


def refloor(db: Connection, project: Project, *, by: str) -> None:
    """Sort the pictures into tabs anew; where masks are drawn, queue their comparison with the model's new ones."""
    images.refloor(db, project.id, floor=project.floor, classes=project.classes, by=by)
    waiting = jobs.all(db, project_id=project.id, states=("queued",), kinds=("agree",), limit=1)
    if project.task == "segment" and not waiting:
        jobs.enqueue(db, kind="agree", steps=("agree",), project_id=project.id, created_by=by)
