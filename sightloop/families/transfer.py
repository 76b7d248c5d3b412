"""Family `transfer`: a timm backbone, frozen as far as asked, with a custom head; the frozen part computed once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sightloop.bundles.classifier import MODEL
from sightloop.core.arrays import Embedding
from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.ports import Report
from sightloop.families import backbone as backbones
from sightloop.families import export, features, planning, weights
from sightloop.families.backbone import Backbone, Network
from sightloop.families.data import Pictures, Source, changes, check, targets
from sightloop.families.features import Front
from sightloop.families.fit import fit
from sightloop.families.learner import Course, Side
from sightloop.families.parameters import TransferParams, defaults

TASK = "classify"
Params = TransferParams
DEFAULTS = defaults(TransferParams)


@dataclass(frozen=True)
class Ready:
    """A network to train, and the parts that it is cut into where its frozen part is computed once.

    `params` are the ones asked for with nothing left to choose.
    """

    params: TransferParams
    body: Backbone
    network: Network
    units: tuple[str, ...]
    front: Front | None
    tail: Network


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
        ready = replace(ready, front=None, tail=ready.network)
    began, key = time.monotonic(), _key(data, params, ready)
    train_side, judge_side = _sides(data, params, ready, work=work, report=report)
    cached = time.monotonic()
    course = Course(params, work / "checkpoints", key, pretrained=ready.body.pretrained, report=report)
    history = fit(ready.tail, train_side, judge_side, course=course)
    fitted = time.monotonic()
    clean = Pictures(data.train, ready.body.spec)
    bank = export.bank_of(data, lambda chosen: _embed(ready, train_side.source, chosen, params), seed=params.seed)
    made = export.Made(export.fresh(folder), data, ready.body.spec, "transfer", params, ready.body.source, context)
    metrics = _bundle(made, ready, clean, bank, report)
    trainable, total = backbones.count(ready.network)
    seconds = {"cache": cached - began, "training": fitted - cached, "export": time.monotonic() - fitted}
    sizes = {"trainable": trainable, "total": total}
    return {"metrics": metrics, "history": history, "seconds": seconds, "parameters": sizes}


def _bundle(
    made: export.Made, ready: Ready, clean: Pictures, bank: tuple[Embedding, list[int]], report: Report
) -> Json:
    report(Progress(0, 1, "exporting the model"))
    export.to_onnx(ready.network, made.spec, made.folder / MODEL)
    export.save_weights(ready.network, made.folder / export.WEIGHTS)
    gap = export.check(ready.network, made.folder / MODEL, clean)
    judged = Pictures(made.data.calibration, made.spec)
    calibrating = export.served(made.folder / MODEL, judged, report=report, what="calibrating")
    return export.finish(made, bank=bank, calibrating=calibrating, extra={"onnx_gap": gap})


def plan(counts: Mapping[str, int], params: TransferParams, *, weights_dir: Path) -> Json:  # noqa: ARG001
    """What a training would take, measured here and now on a few batches; see `planning.estimate`."""
    ready = prepare(replace(params, weights="none"), classes=10, weights_dir=Path())
    parts = planning.Parts(ready.network, ready.front, ready.tail)
    return planning.estimate(counts, ready.params, parts, views=_views(params))


def settled(params: TransferParams, network: Network) -> TransferParams:
    """`params` with precision "auto" replaced by what trains this network faster on this processor.

    Depthwise convolutions (MobileNet, EfficientNet) learn more slowly in bf16 even where it is native.
    """
    if params.precision != "auto":
        return params
    return replace(params, precision="bf16" if native_bf16() and not _depthwise(network) else "fp32")


def _depthwise(network: Network) -> bool:
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    return any(one.groups > 1 and one.groups == one.in_channels for one in convolutions)


def native_bf16() -> bool:
    """Whether the processor multiplies bfloat16 in hardware (AVX512-BF16, AMX, or Arm's BF16)."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def prepare(params: TransferParams, *, classes: int, weights_dir: Path) -> Ready:
    """Build the network, freeze it and cut it; the same seed gives the same start."""
    source = weights.find(params.weights, params.backbone, weights_dir)
    torch.manual_seed(params.seed)
    body = backbones.create(params, source)
    head = backbones.head(body.features, classes, hidden=params.hidden, dropout=params.dropout)
    network = Network(body.module, head)
    params = settled(params, network)
    units = backbones.freeze(network, params.freeze)
    if params.channels_last:
        backbones.lay_out(network, torch.channels_last)
    cut = backbones.split(network, units, size=params.input_size) if params.cache else None
    if cut is None:
        return Ready(params, body, network, tuple(units), None, network)
    front = Front(cut[0], params.precision, params.channels_last)
    return Ready(params, body, network, tuple(units), front, cut[1])


def _sides(data: TrainingSet, params: TransferParams, ready: Ready, *, work: Path, report: Report) -> tuple[Side, Side]:
    """Both sides as inputs of `ready.tail`: features of the frozen part where it was cut off, else pictures."""
    taught = Pictures(data.train, ready.body.spec, changes=changes(params), seed=params.seed)
    judged = Pictures(data.calibration, ready.body.spec)
    sources: list[Source] = [taught, judged]
    if ready.front is not None:
        key = f"{_state_hash(ready.network)} {params.backbone} {ready.units}"
        sources = [
            features.build(
                ready.front, pictures, views=views, folder=work / "features", key=key, batch=params.batch, report=report
            )
            for pictures, views in ((taught, _views(params)), (judged, 1))
        ]
    return Side(sources[0], targets(data.train)), Side(sources[1], targets(data.calibration))


def _views(params: TransferParams) -> int:
    return params.views if params.augment else 1


def _state_hash(network: Network) -> str:
    """SHA-256 over all weights and statistics, names included."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _key(data: TrainingSet, params: TransferParams, ready: Ready) -> str:
    """What a checkpoint belongs to: these pictures and labels, these parameters, this start."""
    pictures = Pictures(data.train + data.calibration, ready.body.spec)
    labels = [example.target for example in pictures.examples]
    said = json.dumps([asdict(params), data.classes, labels, ready.front is None, torch.__version__])
    return features.content_key(pictures, key=f"{_state_hash(ready.network)} {said}")


def _embed(ready: Ready, source: Source, chosen: NDArray[np.int64], params: TransferParams) -> Embedding:
    """Embeddings (n, d) of unchanged training pictures, through the features that are there already."""
    found = []
    ready.tail.eval()
    for start in range(0, len(chosen), params.batch):
        inputs = source.batch(chosen[start : start + params.batch].tolist(), view=0)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=params.precision == "bf16"):
            found.append(ready.tail(inputs)[1].float().numpy())
    return np.concatenate(found)
