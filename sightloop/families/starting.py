"""The backbone that a training begins with: by its name and weights, or as the live model has learnt it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from sightloop.bundles import format as bundle_format
from sightloop.bundles.format import file_sha256
from sightloop.core.entities import Json
from sightloop.core.errors import BadBundle, Rejected
from sightloop.families import backbone as backbones
from sightloop.families import export, weights
from sightloop.families.backbone import Backbone
from sightloop.families.parameters import LIVE, Common

Begun = TypeVar("Begun", bound=Common)
BODY, HEAD = "body.", "head."  # how every classifier's weights name those of its parts


def create(params: Begun, context: Json) -> tuple[Begun, Backbone]:
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
    path = folder / export.WEIGHTS
    take(body.module, _weights(path), prefix=BODY)
    padding = {"pad_type": params.pad_type} if params.pad_type else {}
    return params, replace(body, pretrained=True, source={"kind": LIVE, "sha256": file_sha256(path), **padding})


def take_head(head: nn.Module, classes: tuple[str, ...], context: Json) -> bool:
    """Let the head begin with the live model's, where both tell the same classes by as many units; says whether."""
    folder = Path(context["live"])
    found = _weights(folder / export.WEIGHTS)
    shapes = {HEAD + name: tensor.shape for name, tensor in head.state_dict().items()}
    if bundle_format.parse(folder).classes != classes or shapes != _shapes(found):
        return False
    take(head, found, prefix=HEAD)
    return True


def take(module: nn.Module, found: Mapping[str, Tensor], *, prefix: str) -> None:
    """Load the weights whose names begin so. Raises Rejected unless all keys fit."""
    mine = {name.removeprefix(prefix): one for name, one in found.items() if name.startswith(prefix)}
    weights.check_keys(module.state_dict(), mine, what="the live model")
    module.load_state_dict(mine)


def _shapes(found: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in found.items() if name.startswith(HEAD)}


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


def _like(params: Begun, manifest: bundle_format.Manifest) -> Begun:
    """The parameters with the live model's input, without which its weights mean nothing, and its head's width."""
    spec = manifest.input
    said = manifest.params.get("pad_type") or manifest.weights.get("pad_type", "")
    own = {field.name for field in fields(params)}
    width = {name: manifest.params[name] for name in ("hidden",) if name in own and name in manifest.params}
    return replace(
        params,
        input_size=spec.size,
        resize=spec.mode,
        mean=spec.mean,
        std=spec.std,
        region=spec.region,
        pad_type=said,
        **width,
    )


def _weights(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise Rejected("the live model brought no weights to go on from.", hint="Choose weights auto, hub or a file.")
    return weights.read(path)
