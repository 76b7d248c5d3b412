"""Family `transfer`: a timm backbone, frozen as far as asked, with a custom head; the frozen part computed once."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.ports import Report
from sightloop.families import export, features, finishing, planning
from sightloop.families.data import Pictures, Source, changes, check, targets
from sightloop.families.fit import fit
from sightloop.families.learner import Learner, Side
from sightloop.families.loop import Course
from sightloop.families.parameters import TransferParams, defaults
from sightloop.families.preparing import Ready, prepare

TASK = "classify"
Params = TransferParams
DEFAULTS = defaults(TransferParams)


def train(
    data: TrainingSet, params: TransferParams, *, folder: Path, work: Path, report: Report, context: Json
) -> Json:
    """Write a complete bundle into `folder`; goes on where an interrupted training with the same `work` stopped.

    Args:
        context: weights_dir (where "auto" looks), snapshot (its hash), created_at and floor where known.

    Returns:
        metrics (calibration side), history (one row per epoch), seconds per part.

    Raises:
        Rejected: fewer than two classes, no such backbone or stage, or weights that do not fit.
        Cancelled: a person asked to stop.
    """
    check(data)
    ready = prepare(params, classes=len(data.classes), weights_dir=Path(context["weights_dir"]))
    params = ready.params
    rows = len(data.train) * _views(params) + len(data.calibration)
    if ready.front and not features.has_room(ready.front, rows, folder=work, size=params.input_size):
        report(Progress(0, params.epochs, "the disk has no room for the feature cache: training without it"))
        ready = ready.uncut()
    began, key = time.monotonic(), _key(data, params, ready)
    train_side, judge_side = _sides(data, params, ready, work=work, report=report)
    cached = time.monotonic()
    course = Course(params, work / "checkpoints", key, pretrained=ready.body.pretrained, report=report)
    history = fit(Learner(ready.tail, train_side, judge_side, course=course))
    fitted = time.monotonic()
    clean = Pictures(data.train, ready.body.spec)
    bank = finishing.bank_of(data, lambda chosen: _embed(ready, train_side.source, chosen, params), seed=params.seed)
    made = finishing.Made(
        finishing.fresh(folder), data, ready.body.spec, "transfer", params, ready.body.source, context
    )
    metrics = _bundle(made, ready, clean, bank, report)
    trainable, total = planning.count(ready.network)
    seconds = {"cache": cached - began, "training": fitted - cached, "export": time.monotonic() - fitted}
    sizes = {"trainable": trainable, "total": total}
    return {"metrics": metrics, "history": history, "seconds": seconds, "parameters": sizes}


def _bundle(made: finishing.Made, ready: Ready, clean: Pictures, bank: finishing.Bank, report: Report) -> Json:
    report(Progress(0, 1, "exporting the model"))
    export.to_onnx(ready.network, made.spec, made.folder / export.MODEL)
    export.save_weights(ready.network, made.folder / export.WEIGHTS)
    gap = export.check(ready.network, made.folder / export.MODEL, clean)
    judged = Pictures(made.data.calibration, made.spec)
    calibrating = export.served(made.folder / export.MODEL, judged, report=report, what="calibrating")
    return finishing.finish(made, bank=bank, calibrating=calibrating, extra={"onnx_gap": gap})


def plan(counts: Mapping[str, int], params: TransferParams, *, weights_dir: Path) -> Json:  # noqa: ARG001
    """What a training would take, measured here and now on a few batches; see `planning.estimate`."""
    ready = prepare(replace(params, weights="none"), classes=10, weights_dir=Path())
    parts = planning.Parts(ready.network, ready.front, ready.tail)
    return planning.estimate(counts, ready.params, parts, views=_views(params))


def _sides(data: TrainingSet, params: TransferParams, ready: Ready, *, work: Path, report: Report) -> tuple[Side, Side]:
    """Both sides as inputs of `ready.tail`: features of the frozen part where it was cut off, else pictures."""
    taught = Pictures(data.train, ready.body.spec, changes=changes(params), seed=params.seed)
    judged = Pictures(data.calibration, ready.body.spec)
    sources: list[Source] = [taught, judged]
    if ready.front is not None:
        key = f"{ready.state_hash} {params.backbone} {ready.units}"
        sources = [
            features.build(
                ready.front, pictures, views=views, folder=work / "features", key=key, batch=params.batch, report=report
            )
            for pictures, views in ((taught, _views(params)), (judged, 1))
        ]
    return Side(sources[0], targets(data.train)), Side(sources[1], targets(data.calibration))


def _views(params: TransferParams) -> int:
    return params.views if params.augment else 1


def _key(data: TrainingSet, params: TransferParams, ready: Ready) -> str:
    """What a checkpoint belongs to: these pictures and labels, these parameters, this start."""
    pictures = Pictures(data.train + data.calibration, ready.body.spec)
    labels = [example.target for example in pictures.examples]
    said = json.dumps([asdict(params), data.classes, labels, ready.front is None, torch.__version__])
    return features.content_key(pictures, key=f"{ready.state_hash} {said}")


def _embed(ready: Ready, source: Source, chosen: NDArray[np.int64], params: TransferParams) -> NDArray[np.float32]:
    """Embeddings (n, d) of unchanged training pictures, through the features that are there already."""
    found = []
    ready.tail.eval()
    for start in range(0, len(chosen), params.batch):
        inputs = source.batch(chosen[start : start + params.batch].tolist(), view=0)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=params.precision == "bf16"):
            found.append(ready.tail(inputs)[1].float().numpy())
    return np.concatenate(found)
