"""Fits a classifier of pictures: its frozen part computed once where there is one, the rest trained."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.ports import Report
from sightloop.families import features
from sightloop.families.data import Pictures, Source, changes, check, targets, weights
from sightloop.families.fit import fit
from sightloop.families.learner import Learner, Side
from sightloop.families.loop import Course
from sightloop.families.parameters import TransferParams
from sightloop.families.preparing import Ready, hash_of, prepare


@dataclass(frozen=True)
class Tuned:
    """A trained network, the training side as its tail reads it, one row per epoch, and seconds per part."""

    ready: Ready
    source: Source
    history: list[Json]
    seconds: Json


def fine_tune(data: TrainingSet, params: TransferParams, *, work: Path, report: Report, context: Json) -> Tuned:
    """Train a network, or go on where an interrupted training with the same `work` stopped.

    Args:
        context: weights_dir; live, the folder of the live model's bundle, where weights are "live"; features, a folder
            for what frozen parts compute, where others share it.

    Raises:
        Rejected: fewer than two classes, no such backbone or stage, weights that do not fit, or a loss that diverged.
        Cancelled: a person asked to stop.
    """
    check(data)
    ready = prepare(params, classes=data.classes, context=context)
    params, folder = ready.params, Path(context.get("features") or work / "features")
    rows = len(data.train) * views(params) + len(data.calibration)
    if ready.front and not features.has_room(ready.front, rows, folder=folder, size=params.input_size):
        report(Progress(0, params.epochs, "the disk has no room for the feature cache: training without it"))
        ready = ready.uncut()
    began, key = time.monotonic(), _key(data, params, ready)
    train_side, judge_side = _sides(data, params, ready, folder=folder, report=report)
    cached = time.monotonic()
    course = Course(params, work / "checkpoints", key, pretrained=ready.body.pretrained, report=report)
    history = fit(Learner(ready.tail, train_side, judge_side, course=course))
    seconds = {"cache": cached - began, "training": time.monotonic() - cached}
    return Tuned(ready, train_side.source, history, seconds)


def _sides(
    data: TrainingSet, params: TransferParams, ready: Ready, *, folder: Path, report: Report
) -> tuple[Side, Side]:
    """Both sides as inputs of `ready.tail`: features of the frozen part where it was cut off, else pictures."""
    taught = Pictures(data.train, ready.body.spec, changes=changes(params), seed=params.seed)
    judged = Pictures(data.calibration, ready.body.spec)
    sources: list[Source] = [taught, judged]
    if ready.front is not None:
        key = f"{hash_of(ready.front.module)} {params.backbone} {ready.units}"
        sources = [
            features.build(
                ready.front, pictures, views=copies, folder=folder, key=key, batch=params.batch, report=report
            )
            for pictures, copies in ((taught, views(params)), (judged, 1))
        ]
    return Side(sources[0], targets(data.train), weights(data.train)), Side(sources[1], targets(data.calibration))


def views(params: TransferParams) -> int:
    """How many copies of each training picture there are, itself among them."""
    return params.views if params.augment else 1


def _key(data: TrainingSet, params: TransferParams, ready: Ready) -> str:
    """What a checkpoint belongs to: these pictures and labels, these parameters, this start."""
    pictures = Pictures(data.train + data.calibration, ready.body.spec)
    labels = [one.target if one.weight == 1 else (one.target, one.weight) for one in pictures.examples]
    said = json.dumps([asdict(params), data.classes, labels, ready.front is None, torch.__version__])
    return features.content_key(pictures, key=f"{ready.state_hash} {said}")


def embed(tuned: Tuned, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
    """Embeddings (n, d) of unchanged training pictures, through the features that are there already."""
    found, tail, params = [], tuned.ready.tail, tuned.ready.params
    tail.eval()
    for start in range(0, len(chosen), params.batch):
        inputs = tuned.source.batch(chosen[start : start + params.batch].tolist(), view=0)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=params.precision == "bf16"):
            found.append(tail(inputs)[1].float().numpy())
    return np.concatenate(found)
