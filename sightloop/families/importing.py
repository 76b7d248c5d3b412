"""Brings in a classifier trained elsewhere: a state dict of a known backbone with a linear or sequential head.

BioSight's `best_model_resnet.pth` is such a file: torchvision's ResNet50, whose layers are named as timm's, with
Dropout → Linear → ReLU → Dropout → Linear in place of `fc`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from sightloop.bundles.format import Input, file_sha256
from sightloop.core.entities import Json, TrainingSet
from sightloop.core.errors import Rejected
from sightloop.families import backbone as backbones
from sightloop.families import export, finishing, weights
from sightloop.families.backbone import Backbone, Network
from sightloop.families.parameters import TransferParams

PREFIXES = ("model.", "resnet.", "backbone.", "base_model.", "net.", "encoder.", "module.")
HEADS = ("fc.", "classifier.", "head.", "classification_head.")

State = dict[str, Tensor]


def from_state_dict(path: Path, *, backbone: str, classes: Sequence[str], folder: Path, context: Json) -> Json:
    """Make a bundle in `folder` from a .pth or .safetensors state dict.

    Args:
        backbone: the timm name of what the file was trained as, such as resnet50.
        classes: names in the order of the file's outputs.
        context: input_size, mean and std (three numbers each) where they differ from the backbone's own.

    Returns:
        {"metrics": ...}, of which nothing is known before it is judged.

    Raises:
        Rejected: the layers do not fit (missing and unexpected ones are named), the head is of an unknown layout, or it
            has another number of outputs than there are classes.
    """
    state = weights.read(path)
    params = TransferParams(
        backbone=backbone, weights="none", input_size=int(context.get("input_size", 224)), mean=context.get("mean"),
        std=context.get("std"), resize=str(context.get("resize", "squash")), epochs=1,
    )  # fmt: skip
    body = backbones.create(params, weights.Source("none"))
    trunk, head = _parted(state, body)
    weights.check_keys(body.module.state_dict(), trunk, what=f"{path.name!r} as {backbone!r}")
    body.module.load_state_dict(trunk, strict=False)
    network = Network(body.module, rebuilt(head, features=body.features, classes=len(classes))).eval()
    return _bundle(network, body.spec, path, params=params, classes=tuple(classes), folder=folder, context=context)


def _bundle(
    network: Network, spec: Input, path: Path, *, params: TransferParams, classes: tuple[str, ...], folder: Path,
    context: Json,
) -> Json:  # fmt: skip
    source = {"kind": "file", "file": path.name, "sha256": file_sha256(path), "imported": True}
    made = finishing.Made(
        finishing.fresh(folder), TrainingSet(classes, (), ()), spec, "transfer", params, source, context
    )
    export.to_onnx(network, spec, made.folder / export.MODEL)
    export.save_weights(network, made.folder / export.WEIGHTS)
    nothing = (np.zeros((0, len(classes)), np.float32), np.zeros((0, 1), np.float32))
    metrics = finishing.finish(made, bank=(nothing[1], []), held_out=nothing, extra={"imported": path.name})
    return {"metrics": metrics}


def _parted(state: State, body: Backbone) -> tuple[State, State]:
    """The backbone's part of a state dict under timm's names, and the head's part without its prefix."""
    wanted = set(body.module.state_dict())
    prefix = max(("", *_prefixes(state)), key=lambda one: sum(name.removeprefix(one) in wanted for name in state))
    bare = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    trunk = {name: tensor for name, tensor in bare.items() if name in wanted or not _is_head(name)}
    head = {name: tensor for name, tensor in bare.items() if name not in trunk}
    stem = next((one for one in HEADS if any(name.startswith(one) for name in head)), "")
    return trunk, {name.removeprefix(stem): tensor for name, tensor in head.items()}


def _prefixes(state: State) -> list[str]:
    """Prefixes that are known, or built from known ones, such as "model.resnet."."""
    return [
        one for first in PREFIXES for one in (first, *(first + second for second in PREFIXES)) if _begins(state, one)
    ]


def _begins(state: State, prefix: str) -> bool:
    return any(name.startswith(prefix) for name in state)


def _is_head(name: str) -> bool:
    return any(f".{name}".find(f".{one}") >= 0 for one in HEADS)


def rebuilt(head: State, *, features: int, classes: int) -> nn.Sequential:
    """The head: one Linear, or several (and BatchNorm1d) by their places in a Sequential, ReLU between.

    Raises:
        Rejected: other layers, or sizes that do not join the features to the classes.
    """
    places = sorted({_place(name) for name in head})
    layers: list[nn.Module] = []
    width = features
    for place in places:
        part = {name.rpartition(".")[2]: tensor for name, tensor in head.items() if _place(name) == place}
        layer = _layer(part, place)
        if isinstance(layer, nn.Linear):
            if layer.in_features != width:
                raise Rejected(f"head layer {place} takes {layer.in_features} numbers instead of {width}.")
            width = layer.out_features
            layers += [layer, nn.ReLU()] if place != places[-1] else [layer]
        elif place - 1 in places:  # straight after a Linear: before its ReLU
            layers.insert(len(layers) - 1, layer)
        else:
            layers.append(layer)
    if width != classes or not places:
        raise Rejected(
            f"the file's head has {width if places else 0} outputs for {classes} classes.", hint="Name them all."
        )
    return nn.Sequential(*layers)


def _place(name: str) -> int:
    """The number in front of the last part, as in "3.weight" or "fc.3.weight"; 0 for a plain "weight"."""
    found = re.search(r"(\d+)\.\w+$", name)
    return int(found[1]) if found else 0


def _layer(part: State, place: int) -> nn.Module:
    weight = part.get("weight")
    if weight is not None and weight.ndim == 2 and set(part) <= {"weight", "bias"}:
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias="bias" in part)
        linear.load_state_dict(part)
        return linear
    if weight is not None and weight.ndim == 1 and "running_mean" in part:
        norm = nn.BatchNorm1d(len(weight))
        norm.load_state_dict(part, strict=False)
        return norm
    shapes = {name: tuple(tensor.shape) for name, tensor in part.items()}
    raise Rejected(f"head layer {place} is of an unknown kind: {shapes}.", hint="Linear and BatchNorm1d are known.")
