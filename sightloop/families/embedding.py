"""A frozen encoder: its graph, its answers to the pictures, folds of whole groups, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightloop.core.arrays import Embedding
from sightloop.core.entities import Json, TrainingSet
from sightloop.core.ports import Report
from sightloop.families import export, finishing
from sightloop.families.data import Pictures, targets
from sightloop.families.parameters import BoostedParams, LinearParams
from sightloop.families.starting import create

Parts = list[tuple[NDArray[np.intp], NDArray[np.intp]]]
Frozen = TypeVar("Frozen", LinearParams, BoostedParams)


class Encoder(nn.Module):
    """Images (n, 3, s, s) → their L2-normalised pooled features (n, d), alone."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (nn.functional.normalize(self.body(images).float(), dim=1),)


def write(encoder: Encoder, made: finishing.Made) -> float:
    """Write the encoder as `model.onnx` and its weights beside it; returns the largest difference of an embedding."""
    path, spec = made.folder / export.MODEL, made.spec
    export.to_onnx(encoder, spec, path, outputs=("embedding",))
    export.save_weights(encoder, made.folder / export.WEIGHTS)
    return export.check(encoder, path, Pictures(made.data.train, spec), output="embedding")


@dataclass(frozen=True)
class Learnt:
    """What a frozen encoder makes of the training side, `times` over: the pictures, and mirrored copies of few.

    `embeddings` (n · times, d) float32 on the unit sphere, `truth` their classes, `names` those of their groups,
    `weights` what each counts (None: all alike).
    """

    embeddings: Embedding
    truth: NDArray[np.int64]
    names: Sequence[str]
    classes: int
    weights: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, data: TrainingSet, embeddings: Embedding) -> Learnt:
        times = len(embeddings) // len(data.train)
        names = [example.group_id for example in data.train] * times
        weights = np.tile([example.weight for example in data.train], times)
        alike = None if (weights == 1).all() else weights
        return cls(embeddings, np.tile(targets(data.train), times), names, len(data.classes), alike)

    def weights_of(self, chosen: NDArray[np.intp]) -> NDArray[np.float64] | None:
        """The weights of some of them."""
        return None if self.weights is None else self.weights[chosen]


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
