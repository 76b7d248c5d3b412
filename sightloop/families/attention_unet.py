"""Family `attention_unet`: masks at a picture's own size, learnt on random tiles (Oktay et al., 2018)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch

from sightloop.bundles.format import file_sha256
from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.families import mask_finishing, mask_planning, mask_starting, planning
from sightloop.families.data import pool
from sightloop.families.finishing import Made, fresh
from sightloop.families.fit import fit
from sightloop.families.loop import Course
from sightloop.families.mask_learner import MaskLearner
from sightloop.families.mask_starting import Start
from sightloop.families.parameters import UnetParams, defaults
from sightloop.families.tiles_data import MaskedPictures

TASK = "segment"
Params = UnetParams
DEFAULTS = defaults(UnetParams)


def train(data: TrainingSet, params: UnetParams, *, folder: Path, work: Path, report: Report, context: Json) -> Json:
    """Write a complete bundle into `folder`; goes on where an interrupted training with the same `work` stopped.

    Args:
        context: weights_dir (where "auto" looks), live (the live bundle's folder, for weights "live"), snapshot (its
            hash) and created_at where known.

    Returns:
        metrics (calibration side), history (one row per epoch), seconds per part.

    Raises:
        Rejected: no training picture has a mask, no such backbone, or weights that do not fit.
        Cancelled: a person asked to stop.
    """
    check(data)
    ready = mask_starting.start(params, classes=data.classes, context=context)
    began = time.monotonic()
    sides = [MaskedPictures(side, classes=len(data.classes)) for side in (data.train, data.calibration)]
    course = Course(ready.params, work / "checkpoints", _key(data, ready), pretrained=ready.pretrained, report=report)
    learner = MaskLearner(ready.network, sides[0], sides[1], spec=ready.spec, course=course)
    history = fit(learner)
    fitted = time.monotonic()
    report(Progress(0, 1, "exporting the model"))
    made = Made(fresh(folder), data, ready.spec, "attention_unet", ready.params, ready.source, context)
    thresholds = mask_finishing.fold_thresholds(ready.network, learner.histograms, classes=data.classes)
    gap = mask_finishing.export_checked(ready.network, made)
    finished = mask_finishing.finish(
        made, multiple=ready.network.multiple, extra={**thresholds, "onnx_gap": gap}, report=report
    )
    trainable, total = planning.count(ready.network)
    seconds = {"training": fitted - began, "export": time.monotonic() - fitted}
    sizes = {"trainable": trainable, "total": total}
    return {"metrics": finished, "history": history, "seconds": seconds, "parameters": sizes}


def check(data: TrainingSet) -> None:
    """Raise Rejected unless there is something to learn: a training picture with a mask."""
    if not any(example.mask for example in data.train):
        raise Rejected(
            f"training needs pictures with masks; none of the {len(data.train)} on the training side has one.",
            hint="Draw or import masks.",
        )


def plan(counts: Mapping[str, int], params: UnetParams, *, weights_dir: Path) -> Json:  # noqa: ARG001
    """What a training would take, measured here and now on a few batches; see `mask_planning.estimate`."""
    ready = mask_starting.start(replace(params, weights="none"), classes=("crack",), context={"weights_dir": ""})
    return mask_planning.estimate(counts, ready)


def _key(data: TrainingSet, ready: Start) -> str:
    """What a checkpoint belongs to: these pictures and masks, these parameters, this start."""
    files = [Path(name) for example in data.train + data.calibration for name in (example.path, example.mask) if name]
    sides = [[bool(example.mask) for example in side] for side in (data.train, data.calibration)]
    said = json.dumps([asdict(ready.params), asdict(ready.spec), data.classes, sides, torch.__version__])
    digest = hashlib.sha256(f"{ready.state_hash} {said}".encode())
    for found in pool().map(file_sha256, files):
        digest.update(found.encode())
    return digest.hexdigest()[:16]
