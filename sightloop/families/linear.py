"""Family `linear`: a logistic regression on a frozen embedding, minutes sooner than any fine-tuning."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.ports import Report
from sightloop.families import embedding, export, finishing, logistic, preparing, quantise, starting
from sightloop.families.backbone import Network
from sightloop.families.data import Pictures, check
from sightloop.families.logistic import Layer
from sightloop.families.parameters import LinearParams, defaults

TASK = "classify"
Params = LinearParams
DEFAULTS = defaults(LinearParams)


class OnSphere(nn.Module):
    """A linear layer on L2-normalised features: the embedding itself."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, classes)

    def forward(self, pooled: Tensor) -> Tensor:
        return cast(Tensor, self.linear(nn.functional.normalize(pooled, dim=1)))


def train(data: TrainingSet, params: LinearParams, *, folder: Path, work: Path, report: Report, context: Json) -> Json:
    """Write a complete bundle into `folder`; `work` stays empty: an interrupted training starts over in seconds.

    Args:
        context: weights_dir (where "auto" looks), snapshot (its hash), created_at and floor where known.

    Returns:
        metrics (calibration side), history (the values of C tried), seconds per part.

    Raises:
        Rejected: fewer than two classes, no such backbone, or weights that do not fit.
        Cancelled: a person asked to stop.
    """
    check(data)
    work.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    params, body = starting.create(params, context)
    network = Network(body.module, OnSphere(body.features, len(data.classes))).eval()
    made = finishing.Made(
        finishing.fresh(folder), data, body.spec, "linear", params, body.source, context,
        encoder=preparing.identity(params, body),
    )  # fmt: skip
    report(Progress(0, 1, "exporting the backbone"))
    export.to_onnx(network, body.spec, made.folder / export.MODEL)
    exported = time.monotonic()
    learnt, judged = embedding.embed(made, report, mirror_below=params.mirror_below)
    embedded = time.monotonic()
    parts = [] if params.c else embedding.folds(learnt, params.folds)
    found = logistic.fit(learnt, parts, c=params.c, report=report)
    fitted = time.monotonic()
    _put(network, found.layer, made.folder / export.MODEL)
    export.save_weights(network, made.folder / export.WEIGHTS)
    gap = export.check(network, made.folder / export.MODEL, Pictures(data.train, body.spec))
    bank = finishing.bank_of(data, lambda chosen: learnt.embeddings[chosen], seed=params.seed)
    held_out = found.layer(judged), judged
    extra = {"onnx_gap": gap, "c": found.c, **quantise.offered(made, held_out, report=report)}
    metrics = finishing.finish(made, bank=bank, held_out=held_out, extra=extra)
    seconds = {"export": exported - began, "embedding": embedded - exported, "fitting": fitted - embedded}
    return {
        "metrics": metrics,
        "history": found.history,
        "seconds": {**seconds, "finishing": time.monotonic() - fitted},
    }


def plan(counts: Mapping[str, int], params: LinearParams, *, weights_dir: Path) -> Json:  # noqa: ARG001
    """What a training would take, measured on a few forward passes."""
    costs = embedding.costs(counts, params)
    trainable = 10 * (costs.features + 1)
    return costs.told({"fitting": counts.get("train", 0) * 2e-3}, trainable=trainable)


def _put(network: Network, layer: Layer, path: Path) -> None:
    """Put the fitted layer into the network and into the exported model."""
    import onnx
    from onnx import numpy_helper

    state = {"head.linear.weight": layer.weight, "head.linear.bias": layer.bias}
    model = onnx.load(str(path))
    named = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, values in state.items():
        named[name].CopyFrom(numpy_helper.from_array(values, name))
    onnx.save(model, str(path))
    network.load_state_dict({name: torch.from_numpy(values) for name, values in state.items()}, strict=False)
