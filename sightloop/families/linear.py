"""Family `linear`: a logistic regression on a frozen embedding, minutes sooner than any fine-tuning."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightloop.core.arrays import Embedding
from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.ports import Report
from sightloop.families import backbone as backbones
from sightloop.families import export, finishing, weights
from sightloop.families.backbone import Backbone, Network
from sightloop.families.data import Pictures, check, targets
from sightloop.families.parameters import LinearParams, defaults
from sightloop.measure.calibration import softmax

TASK = "classify"
Params = LinearParams
DEFAULTS = defaults(LinearParams)

STRENGTHS = (3.0, 10.0, 30.0, 100.0, 300.0)  # values of C that are tried
ITERATIONS = 300
NEVER = -20.0  # logit of a class without training pictures, below all others


class OnSphere(nn.Module):
    """A linear layer on L2-normalised features: the embedding itself."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, classes)

    def forward(self, pooled: Tensor) -> Tensor:
        return cast(Tensor, self.linear(nn.functional.normalize(pooled, dim=1)))


@dataclass(frozen=True)
class Layer:
    """Logits = embeddings @ weight.T + bias."""

    weight: NDArray[np.float32]  # (classes, d)
    bias: NDArray[np.float32]  # (classes,)

    def __call__(self, embeddings: Embedding) -> NDArray[np.float32]:
        return np.asarray(embeddings @ self.weight.T + self.bias, np.float32)


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
    body, network = _network(params, classes=len(data.classes), weights_dir=Path(context["weights_dir"]))
    made = finishing.Made(finishing.fresh(folder), data, body.spec, "linear", params, body.source, context)
    report(Progress(0, 1, "exporting the backbone"))
    export.to_onnx(network, body.spec, made.folder / export.MODEL)
    exported = time.monotonic()
    learnt, embeddings = _embeddings(made, params, report)
    embedded = time.monotonic()
    layer, history = _fit(made, params, learnt, report)
    fitted = time.monotonic()
    _put(network, layer, made.folder / export.MODEL)
    export.save_weights(network, made.folder / export.WEIGHTS)
    gap = export.check(network, made.folder / export.MODEL, Pictures(data.train, body.spec))
    plain = learnt[: len(data.train)]
    bank = finishing.bank_of(data, lambda chosen: plain[chosen], seed=params.seed)
    extra = {"onnx_gap": gap, "c": max(history, key=lambda row: row["chosen"])["c"]}
    metrics = finishing.finish(made, bank=bank, calibrating=(layer(embeddings), embeddings), extra=extra)
    seconds = {"export": exported - began, "embedding": embedded - exported, "fitting": fitted - embedded}
    return {"metrics": metrics, "history": history, "seconds": {**seconds, "finishing": time.monotonic() - fitted}}


def plan(counts: Mapping[str, int], params: LinearParams, *, weights_dir: Path) -> Json:  # noqa: ARG001
    """What a training would take, measured on a few forward passes."""
    body, network = _network(replace(params, weights="none"), classes=10, weights_dir=Path())
    images = torch.zeros(4, 3, params.input_size, params.input_size)
    with torch.no_grad():
        network(images)
        began = time.perf_counter()
        network(images)
    each = (time.perf_counter() - began) / len(images)
    taught = counts.get("train", 0)
    pictures = taught * (2 if taught <= params.mirror_below else 1) + counts.get("calibration", 0)
    seconds = {"export": 8.0, "embedding": pictures * each, "fitting": taught * 2e-3}
    trainable = sum(parameter.numel() for parameter in network.head.parameters())
    total = sum(parameter.numel() for parameter in network.parameters())
    return {
        "parameters": {"head_only": {"trainable": trainable, "total": total}},
        "seconds": {**seconds, "total": sum(seconds.values())},
        "memory_bytes": 400 * 2**20 + 8 * total + 8 * pictures * body.features,
        "disk_bytes": 0,
    }


def _network(params: LinearParams, *, classes: int, weights_dir: Path) -> tuple[Backbone, Network]:
    source = weights.find(params.weights, params.backbone, weights_dir)
    torch.manual_seed(params.seed)
    body = backbones.create(params, source)
    return body, Network(body.module, OnSphere(body.features, classes)).eval()


def _embeddings(made: finishing.Made, params: LinearParams, report: Report) -> tuple[Embedding, Embedding]:
    """Embeddings of the training side (followed by the mirrored ones of few pictures) and of the calibration side."""
    path, data = made.folder / export.MODEL, made.data
    taught = Pictures(data.train, made.spec)
    parts = [export.served(path, taught, report=report, what="embedding")[1]]
    if len(data.train) <= params.mirror_below:
        parts.append(export.served(path, taught, report=report, what="embedding mirrored", mirrored=True)[1])
    judged = export.served(path, Pictures(data.calibration, made.spec), report=report, what="embedding")[1]
    return np.concatenate(parts), judged


def _fit(made: finishing.Made, params: LinearParams, learnt: Embedding, report: Report) -> tuple[Layer, list[Json]]:
    """The regression with the best C, and what was tried: rows of c, loss and whether it was chosen."""
    times = len(learnt) // len(made.data.train)
    truth = np.tile(targets(made.data.train), times)
    names = [example.group_id for example in made.data.train] * times
    tried = [params.c] if params.c else list(STRENGTHS)
    losses = [0.0] if params.c else _cross_validated(learnt, truth, names, folds=params.folds, report=report)
    best = tried[int(np.argmin(losses))]
    report(Progress(0, 1, f"fitting the classifier, C = {best:g}"))
    layer = fit_layer(learnt, truth, classes=len(made.data.classes), c=best)
    rows = zip(tried, losses, strict=True)
    return layer, [{"c": c, "loss": loss, "chosen": c == best} for c, loss in rows]


def _cross_validated(
    learnt: Embedding, truth: NDArray[np.int64], names: Sequence[str], *, folds: int, report: Report
) -> list[float]:
    """Mean negative log-likelihood per C over folds of whole groups."""
    from sklearn.model_selection import StratifiedGroupKFold

    classes = int(truth.max()) + 1
    count = min(folds, len(set(names)), max(2, int(np.bincount(truth)[np.unique(truth)].min())))
    parts = list(StratifiedGroupKFold(count, shuffle=True, random_state=0).split(learnt, truth, list(names)))
    losses = np.zeros(len(STRENGTHS))
    for number, (inside, outside) in enumerate(parts):
        for index, c in enumerate(STRENGTHS):
            layer = fit_layer(learnt[inside], truth[inside], classes=classes, c=c)
            right = softmax(layer(learnt[outside]))[np.arange(len(outside)), truth[outside]]
            losses[index] -= float(np.log(np.maximum(right, 1e-9)).mean()) / len(parts)
        report(Progress(number + 1, len(parts), f"choosing C: fold {number + 1} of {len(parts)}"))
    return [float(loss) for loss in losses]


def fit_layer(learnt: Embedding, truth: NDArray[np.int64], *, classes: int, c: float) -> Layer:
    """Multinomial logistic regression on embeddings (n, d), centred and brought to variance 1 in all.

    Classes without a training picture get a logit below all others.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    present = np.unique(truth)
    centre = learnt.mean(axis=0)
    scale = 1 / max(float(np.sqrt(learnt.var(axis=0).sum())), 1e-9)
    weight, bias = np.zeros((classes, learnt.shape[1])), np.full(classes, NEVER)
    if len(present) == 1:
        bias[present] = 0
    else:
        found: Any = LogisticRegression(C=c, max_iter=ITERATIONS)
        with threadpool_limits(1):  # matrices this small are slower on several threads, far slower on a busy machine
            found.fit((learnt - centre) * scale, truth)
        coefficients, intercepts = found.coef_, found.intercept_
        if len(present) == 2:
            coefficients, intercepts = (np.concatenate([-part / 2, part / 2]) for part in (coefficients, intercepts))
        weight[present] = coefficients * scale
        bias[present] = intercepts - weight[present] @ centre
        absent = np.setdiff1d(np.arange(classes), present)
        bias[absent] += float((learnt @ weight[present].T + bias[present]).min())
    return Layer(weight.astype(np.float32), bias.astype(np.float32))


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
