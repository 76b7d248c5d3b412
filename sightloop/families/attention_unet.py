"""Family `attention_unet`: masks at a picture's own size, learnt on random tiles (Oktay et al., 2018)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.ports import Report
from sightloop.families import mask_export, mask_finishing, mask_planning, mask_starting
from sightloop.families.finishing import Made, fresh
from sightloop.families.fit import fit
from sightloop.families.loop import Course
from sightloop.families.mask_learner import MaskLearner
from sightloop.families.parameters import UnetParams, defaults
from sightloop.families.tiles_data import MaskedPictures, check

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
    course = Course(
        ready.params, work / "checkpoints", mask_starting.key(data, ready), pretrained=ready.pretrained, report=report
    )
    learner = MaskLearner(ready.network, sides[0], sides[1], spec=ready.spec, course=course)
    history = fit(learner)
    fitted = time.monotonic()
    report(Progress(0, 1, "exporting the model"))
    made = Made(fresh(folder), data, ready.spec, "attention_unet", ready.params, ready.source, context)
    thresholds = mask_export.fold_thresholds(ready.network, learner.histograms, classes=data.classes)
    gap = mask_export.export_checked(ready.network, made)
    finished = mask_finishing.finish(
        made, multiple=ready.network.multiple, extra={**thresholds, "onnx_gap": gap}, report=report
    )
    seconds = {"training": fitted - began, "export": time.monotonic() - fitted}
    sizes = mask_planning.sizes(ready.network)
    return {"metrics": finished, "history": history, "seconds": seconds, "parameters": sizes}


def plan(counts: Mapping[str, int], params: UnetParams, *, weights_dir: Path) -> Json:  # noqa: ARG001
    """What a training would take, measured here and now on a few batches; see `mask_planning.estimate`."""
    ready = mask_starting.start(replace(params, weights="none"), classes=("crack",), context={"weights_dir": ""})
    return mask_planning.estimate(counts, ready)
