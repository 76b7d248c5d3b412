"""A frozen encoder: where its weights come from, its id, its answers to the pictures, and folds of whole groups."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightloop.bundles import format as bundle_format
from sightloop.bundles.format import file_sha256
from sightloop.core.arrays import Embedding
from sightloop.core.entities import Json, TrainingSet
from sightloop.core.errors import BadBundle, Rejected
from sightloop.core.ports import Report
from sightloop.families import backbone as backbones
from sightloop.families import export, finishing, weights
from sightloop.families.backbone import Backbone
from sightloop.families.data import Pictures, targets
from sightloop.families.parameters import LIVE, BoostedParams, LinearParams

Parts = list[tuple[NDArray[np.intp], NDArray[np.intp]]]
Frozen = TypeVar("Frozen", LinearParams, BoostedParams)
BODY = "body."  # how every classifier's weights name those of its backbone


class Encoder(nn.Module):
    """Images (n, 3, s, s) → their L2-normalised pooled features (n, d), alone."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (nn.functional.normalize(self.body(images).float(), dim=1),)


def create(params: Frozen, context: Json) -> tuple[Frozen, Backbone]:
    """The backbone that `params` names, and the parameters with the live model's input where weights are "live".

    Args:
        context: weights_dir, and live (the folder of the live model's bundle) where `params.weights` is "live".

    Raises:
        Rejected: no such backbone, weights that do not fit it, or no live model with this backbone.
    """
    torch.manual_seed(params.seed)
    if params.weights != LIVE:
        source = weights.find(params.weights, params.backbone, Path(context["weights_dir"]))
        return params, backbones.create(params, source)
    folder, manifest = _live(params.backbone, context)
    params = _like(params, manifest)
    body = backbones.create(params, weights.Source("none"))
    return params, replace(body, pretrained=True, source=_take(body.module, folder, params.pad_type))


def _live(backbone: str, context: Json) -> tuple[Path, bundle_format.Manifest]:
    """The folder and the manifest of the live bundle."""
    if not context.get("live"):
        raise Rejected("there is no live model to take the encoder of.", hint="Choose weights auto, hub or a file.")
    folder = Path(context["live"])
    try:
        manifest = bundle_format.parse(folder)
    except BadBundle as error:
        raise Rejected(f"the live model cannot be read: {error.message}") from error
    if manifest.task != "classify" or manifest.backbone != backbone:
        raise Rejected(
            f"the live model's encoder is {manifest.backbone}, not {backbone}.", hint=f"Choose {manifest.backbone}."
        )
    return folder, manifest


def _like(params: Frozen, manifest: bundle_format.Manifest) -> Frozen:
    """The parameters with the live model's input, without which its weights mean something else."""
    spec = manifest.input
    said = manifest.params.get("pad_type") or manifest.weights.get("pad_type", "")
    return replace(
        params, input_size=spec.size, resize=spec.mode, mean=spec.mean, std=spec.std, region=spec.region, pad_type=said
    )


def _take(body: nn.Module, folder: Path, pad_type: str) -> Json:
    """Load the encoder's weights of the bundle in `folder`. Raises Rejected unless all keys fit."""
    path = folder / export.WEIGHTS
    if not path.is_file():
        raise Rejected("the live model brought no weights to go on from.", hint="Choose weights auto, hub or a file.")
    found = {name.removeprefix(BODY): one for name, one in weights.read(path).items() if name.startswith(BODY)}
    weights.check_keys(body.state_dict(), found, what="the live model")
    body.load_state_dict(found)
    return {"kind": LIVE, "sha256": file_sha256(path), **({"pad_type": pad_type} if pad_type else {})}


def write(encoder: Encoder, made: finishing.Made) -> float:
    """Write the encoder as `model.onnx` and its weights beside it; returns the largest difference of an embedding."""
    path, spec = made.folder / export.MODEL, made.spec
    export.to_onnx(encoder, spec, path, outputs=("embedding",))
    export.save_weights(encoder, made.folder / export.WEIGHTS)
    return export.check(encoder, path, Pictures(made.data.train, spec), output="embedding")


@dataclass(frozen=True)
class Learnt:
    """What a frozen encoder makes of the training side, `times` over: the pictures, and mirrored copies of few.

    `embeddings` (n · times, d) float32 on the unit sphere, `truth` their classes, `names` those of their groups.
    """

    embeddings: Embedding
    truth: NDArray[np.int64]
    names: Sequence[str]
    classes: int

    @classmethod
    def of(cls, data: TrainingSet, embeddings: Embedding) -> Learnt:
        times = len(embeddings) // len(data.train)
        names = [example.group_id for example in data.train] * times
        return cls(embeddings, np.tile(targets(data.train), times), names, len(data.classes))


def embed(made: finishing.Made, report: Report, *, mirror_below: int) -> tuple[Learnt, Embedding]:
    """What the exported encoder makes of the training side and of `made.held_out`."""
    data = made.data
    taught, judged = Pictures(data.train, made.spec), Pictures(made.held_out, made.spec)
    found = [_embedded(made, taught, report, "embedding")]
    if len(data.train) <= mirror_below:
        found.append(_embedded(made, taught, report, "embedding mirrored", mirrored=True))
    return Learnt.of(data, np.concatenate(found)), _embedded(made, judged, report, "embedding")


def _embedded(
    made: finishing.Made, pictures: Pictures, report: Report, what: str, *, mirrored: bool = False
) -> Embedding:
    path, keep = made.folder / export.MODEL, made.context.get("features")
    return export.outputs_of(path, pictures, ("embedding",), report=report, what=what, mirrored=mirrored, keep=keep)[0]


def folds(learnt: Learnt, most: int) -> Parts:
    """At most `most` times (inside, outside): indices that divide the pictures by whole groups, stratified by class.

    Empty where all are of one group.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    rarest = int(np.bincount(learnt.truth)[np.unique(learnt.truth)].min())
    count = min(most, len(set(learnt.names)), max(2, rarest))
    if count < 2:
        return []
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=0)
    return list(splitter.split(learnt.embeddings, learnt.truth, list(learnt.names)))


@dataclass(frozen=True)
class Costs:
    """What embedding takes here: `each` is seconds for one picture, `size` how many parameters the backbone has."""

    taught: int
    pictures: int
    features: int
    size: int
    each: float

    def told(self, seconds: Mapping[str, float], *, trainable: int) -> Json:
        """The plan of a training that fits something on the embeddings, which takes so many `seconds` per part."""
        parts = {"export": 8.0, "embedding": self.pictures * self.each, **seconds}
        return {
            "parameters": {"head_only": {"trainable": trainable, "total": self.size + trainable}},
            "seconds": {**parts, "total": sum(parts.values())},
            "memory_bytes": 400 * 2**20 + 8 * self.size + 8 * self.pictures * self.features,
            "disk_bytes": 0,
        }


def costs(counts: Mapping[str, int], params: Frozen) -> Costs:
    """Measured on a few forward passes; `counts` are pictures per side."""
    params, body = create(replace(params, weights="none"), {"weights_dir": ""})
    images = torch.zeros(4, 3, params.input_size, params.input_size)
    with torch.no_grad():
        body.module(images)
        began = time.perf_counter()
        body.module(images)
    each = (time.perf_counter() - began) / len(images)
    taught = counts.get("train", 0) * (2 if counts.get("train", 0) <= params.mirror_below else 1)
    size = sum(parameter.numel() for parameter in body.module.parameters())
    return Costs(taught, taught + counts.get("calibration", 0), body.features, size, each)
