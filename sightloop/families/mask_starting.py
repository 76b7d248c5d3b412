"""From parameters to an Attention U-Net that is ready to train, from scratch, pretrained, or from the live model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sightloop.bundles import format as bundle_format
from sightloop.bundles.format import Input, file_sha256
from sightloop.core.entities import Example, Json, TrainingSet
from sightloop.core.errors import BadBundle, Rejected
from sightloop.families import backbone as backbones
from sightloop.families import weights
from sightloop.families.data import pool
from sightloop.families.export import WEIGHTS
from sightloop.families.gated_unet import AttentionUnet, Plain, Pretrained, decoder_of
from sightloop.families.parameters import LIVE, PLAIN, UnetParams
from sightloop.families.preparing import hash_of, native_bf16

HALF = (0.5, 0.5, 0.5)  # mean and deviation of the plain encoder's input


@dataclass(frozen=True)
class Start:
    """A network to train; `params` are the ones asked for with nothing left to choose, `source` is for the card."""

    params: UnetParams
    network: AttentionUnet
    spec: Input
    pretrained: bool
    source: Json


def start(params: UnetParams, *, classes: tuple[str, ...], context: Json) -> Start:
    """Build the network; the same seed gives the same start.

    Args:
        context: weights_dir, and live (the folder of the live model's bundle) where `params.weights` is "live".

    Raises:
        Rejected: no such backbone, one without the features it takes, weights that do not fit, or no live model.
    """
    live = _live(params, classes, context) if params.weights == LIVE else None
    if live is not None:
        params = _like(params, live[1])
    torch.manual_seed(params.seed)
    encoder, spec, source, pad_type = _encoder(params, context, scratch=live is not None)
    network = AttentionUnet(encoder, len(classes), decoder=decoder_of(encoder, params.decoder))
    if params.tile % network.multiple:
        raise Rejected(f"parameter tile={params.tile} is no multiple of {network.multiple}, as this encoder needs.")
    if live is not None:
        source = _take(network, live[0])
    if params.channels_last:
        backbones.lay_out(network, torch.channels_last)
    precision = ("bf16" if native_bf16() else "fp32") if params.precision == "auto" else params.precision
    side = max(1, params.input_size // network.multiple) * network.multiple
    settled = replace(params, precision=precision, pad_type=pad_type, input_size=side)
    return Start(settled, network, replace(spec, size=side), source["kind"] != "none", source)


def _encoder(params: UnetParams, context: Json, *, scratch: bool) -> tuple[Plain | Pretrained, Input, Json, str]:
    """The encoder, what its input is like, where its weights are from, and how it pads."""
    if params.backbone == PLAIN:
        if params.weights not in ("none", LIVE):
            raise Rejected("the plain encoder has no pretrained weights.", hint="Choose weights none.")
        mean, std = params.mean or HALF, params.std or HALF
        return Plain(params.width), Input(params.input_size, "native", mean, std), {"kind": "none"}, ""
    found = weights.find("none" if scratch else params.weights, params.backbone, Path(context["weights_dir"]))
    body = backbones.create(params, found)
    encoder = Pretrained(body.module.train(), params.backbone)
    return encoder, body.spec, body.source, params.pad_type or found.pad_type or ""


def _live(params: UnetParams, classes: tuple[str, ...], context: Json) -> tuple[Path, bundle_format.Manifest]:
    """The folder and the manifest of the live bundle."""
    if not context.get("live"):
        raise Rejected("there is no live model to go on from.", hint="Choose weights auto, hub, none or a file.")
    folder = Path(context["live"])
    try:
        manifest = bundle_format.parse(folder)
    except BadBundle as error:
        raise Rejected(f"the live model cannot be read: {error.message}") from error
    if manifest.task != "segment" or manifest.backbone != params.backbone or manifest.classes != classes:
        raise Rejected(
            f"the live model ({manifest.backbone}, {', '.join(manifest.classes)}) is no start for {params.backbone} "
            f"with {', '.join(classes)}.",
            hint="Train from other weights once, then go on from that model.",
        )
    return folder, manifest


def _like(params: UnetParams, manifest: bundle_format.Manifest) -> UnetParams:
    """The parameters with the live model's input and architecture, without which its weights mean something else."""
    kept: dict[str, Any] = {name: manifest.params[name] for name in ("width", "decoder") if name in manifest.params}
    pad_type = str(manifest.params.get("pad_type", ""))
    return replace(params, mean=manifest.input.mean, std=manifest.input.std, pad_type=pad_type, **kept)


def _take(network: nn.Module, folder: Path) -> Json:
    """Load all weights of the bundle in `folder`. Raises Rejected unless all keys fit."""
    path = folder / WEIGHTS
    found = weights.read(path)
    weights.check_keys(network.state_dict(), found, what="the live model")
    network.load_state_dict(found)
    return {"kind": LIVE, "file": WEIGHTS, "sha256": file_sha256(path)}


def key(data: TrainingSet, ready: Start) -> str:
    """What a checkpoint belongs to: these pictures and masks, these parameters, this start."""
    files = [Path(name) for example in data.train + data.calibration for name in (example.path, example.mask) if name]
    sides = [[_known(example) for example in side] for side in (data.train, data.calibration)]
    said = json.dumps([asdict(ready.params), asdict(ready.spec), data.classes, sides, torch.__version__])
    digest = hashlib.sha256(f"{hash_of(ready.network)} {said}".encode())
    for found in pool().map(file_sha256, files):
        digest.update(found.encode())
    return digest.hexdigest()[:16]


def _known(example: Example) -> bool | tuple[bool, float]:
    """Whether it has a mask, and its weight where that is not 1."""
    return bool(example.mask) if example.weight == 1 else (bool(example.mask), example.weight)
