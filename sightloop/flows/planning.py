"""Say what a training would take before it is asked for: pictures, parameters, seconds and bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightloop import families
from sightloop.core.entities import Json, User
from sightloop.flows import manifests
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import tallies

UNTIMED = frozenset({
    "weights", "resize", "mean", "std", "seed", "lr", "backbone_lr", "dropout", "weight_decay", "warmup",
    "label_smoothing", "patience", "rotation", "flip_horizontal", "flip_vertical", "zoom", "gaussian_blur",
    "motion_blur", "brightness", "contrast", "checkpoint_seconds", "c", "folds",
})  # fmt: skip
"""Parameters that change no estimate."""


def measurable(family: str, params: Mapping[str, Any]) -> Json:
    """Parameters of which the same estimate is true: every one filled in, those that change none at their defaults.

    Raises:
        Missing: no such family.
        Rejected: a parameter is unknown or out of range.
    """
    wanted = dataclasses.asdict(families.params(family, dict(params)))
    usual = dataclasses.asdict(families.params(family, {}))
    known = {name: usual[name] if name in UNTIMED else value for name, value in wanted.items()}
    return known | ({"epochs": 1} if "epochs" in known else {})


def stretched(estimate: Json, *, family: str, params: Mapping[str, Any]) -> Json:
    """The estimate made for `measurable` parameters, for all the epochs that `params` ask for."""
    seconds: dict[str, float] = estimate["seconds"]
    more = getattr(families.params(family, dict(params)), "epochs", 1) - 1
    return {**estimate, "seconds": {**seconds, "total": seconds["total"] + more * seconds.get("epoch", 0.0)}}


def plan(services: Services, *, user: User, name: str, family: str, params: Mapping[str, Any]) -> Json:
    """What a training would be: pictures per side, trainable parameters, seconds and bytes; nothing is queued."""
    found = pictures(services, user=user, name=name)
    project = project_for(services, user=user, name=name, action="train")
    family = family or families.usual(project.task)
    return {**found, **estimate(services.weights, family=family, params=params, totals=totals(found))}


def pictures(services: Services, *, user: User, name: str) -> Json:
    """The part of a plan that needs no torch: {pictures, warnings}."""
    project = project_for(services, user=user, name=name, action="train")
    with services.db.connect() as db:
        counts = manifests.tallied(project, tallies.summary(db, project.id)["labels"])
        return {"pictures": counts, "warnings": manifests.warnings(db, project, counts)}


def totals(found: Json) -> dict[str, int]:
    """Pictures per side, of what `pictures` found."""
    return {side: sum(classes.values()) for side, classes in found["pictures"].items()}


def estimate(weights: Path, *, family: str, params: Mapping[str, Any], totals: Mapping[str, int]) -> Json:
    """The part of a plan that is measured with torch, on this machine: trainable parameters, seconds and bytes."""
    return families.plan(family, totals, families.params(family, dict(params)), weights=weights)
