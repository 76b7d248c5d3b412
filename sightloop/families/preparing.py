"""From parameters to a network that is ready to train: built, frozen, cut, in the precision that pays."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace

import torch
from torch import nn

from sightloop.core.entities import Json
from sightloop.families import backbone as backbones
from sightloop.families import starting
from sightloop.families.backbone import Backbone, Network
from sightloop.families.features import Front
from sightloop.families.parameters import LIVE, Common, TransferParams


def hash_of(network: nn.Module) -> str:
    """SHA-256 over all weights and statistics of a network, names included."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()


def identity(params: Common, body: Backbone) -> str:
    """16 hex digits, equal for encoders that make the same embedding of a picture: network, weights and input."""
    said = [params.backbone, body.source.get("pad_type", ""), asdict(body.spec), hash_of(body.module)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


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

    @property
    def state_hash(self) -> str:
        """See `hash_of`."""
        return hash_of(self.network)

    def uncut(self) -> Ready:
        """The same without a part that is computed only once."""
        return replace(self, front=None, tail=self.network)


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


def prepare(params: TransferParams, *, classes: tuple[str, ...], context: Json) -> Ready:
    """Build the network, freeze it and cut it; the same seed gives the same start.

    Args:
        context: weights_dir, and live (the folder of the live model's bundle) where `params.weights` is "live".
    """
    params, body = starting.create(params, context)
    head = backbones.head(body.features, len(classes), hidden=params.hidden, dropout=params.dropout)
    if params.weights == LIVE:
        starting.take_head(head, classes, context)
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
