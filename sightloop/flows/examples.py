"""The pictures of a snapshot as a family learns from them: local files, targets, masks; never the test side."""

from __future__ import annotations

from collections.abc import Sequence

from sightloop.core.entities import Example, Json, Project, Side, Snapshot, TrainingSet
from sightloop.flows import manifests
from sightloop.flows.services import Services

LEARNT: tuple[Side, ...] = ("train", "calibration")
CERTIFICATION = "certification"


def training_set(services: Services, taken: Snapshot, *, project: Project) -> TrainingSet:
    """The snapshot's training and calibration sides with local paths.

    Classes are those that the training side has; of masks, whose values are places in it, the project's list as it is.
    """
    rows = [row for row in manifests.read(services, taken) if row["side"] in LEARNT]
    if project.task == "segment":
        return _sides(rows, project.classes, [_masked(services, row) for row in rows])
    classes = tuple(sorted({row["label"] for row in rows if row["side"] == "train"}))
    rows = [row for row in rows if row["label"] in classes]
    return _sides(rows, classes, [_whole(services, row, classes) for row in rows])


def _sides(rows: Sequence[Json], classes: tuple[str, ...], examples: Sequence[Example]) -> TrainingSet:
    sides: dict[str, list[Example]] = {side: [] for side in (*LEARNT, CERTIFICATION)}
    for row, example in zip(rows, examples, strict=True):
        sides[CERTIFICATION if row.get("certifies") else row["side"]].append(example)
    return TrainingSet(classes, *(tuple(found) for found in sides.values()))


def _whole(services: Services, row: Json, classes: tuple[str, ...]) -> Example:
    path = str(services.blobs.path(row["sha256"]))
    weight = float(row.get("weight", 1.0))
    return Example(row["image_id"], path, classes.index(row["label"]), row["group"], weight=weight)


def _masked(services: Services, row: Json) -> Example:
    path, mask = str(services.blobs.path(row["sha256"])), row.get("mask")
    where = str(services.blobs.path(mask)) if mask else None
    weight = float(row.get("weight", 1.0))
    return Example(row["image_id"], path, int(mask is not None), row["group"], mask=where, weight=weight)
