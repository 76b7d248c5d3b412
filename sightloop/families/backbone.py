"""A timm backbone with a head, what of it is frozen, and where it can be cut in two."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from sightloop.bundles.format import Input, file_sha256
from sightloop.core.entities import Json
from sightloop.core.errors import Rejected, Unavailable
from sightloop.families import torchvision_ops, weights
from sightloop.families.parameters import LAST_BLOCKS, Common

torchvision_ops.declare()

import timm  # noqa: E402 — needs the operators declared above

from sightloop.families import narrow  # noqa: E402, F401 — registers its model

STRIDES = {"upto_stage_1": 4, "upto_stage_2": 8, "upto_stage_3": 16}


@dataclass(frozen=True)
class Backbone:
    """A backbone without classifier, and how it wants its input; `source` describes its weights, ready for JSON."""

    module: nn.Module
    spec: Input
    features: int
    pretrained: bool
    source: Json


class Network(nn.Module):
    """Images (n, 3, s, s) → logits (n, classes) and the L2-normalised pooled features (n, d) that the head sees."""

    def __init__(self, body: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.head = head
        self.frozen: list[nn.Module] = []

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        pooled = self.body(images)
        return self.head(pooled), nn.functional.normalize(pooled.float(), dim=1)

    def train(self, mode: bool = True) -> Network:
        """As usual, but frozen parts stay in evaluation mode: their batch statistics never move."""
        super().train(mode)
        for module in self.frozen:
            module.eval()
        return self


def create(params: Common, source: weights.Source) -> Backbone:
    """The backbone that `params` names with the weights that `source` found, on the CPU.

    Raises:
        Rejected: timm knows no such model, it takes no such padding, or the weights do not fit it.
        Unavailable: weights from the hub could not be fetched.
    """
    module = _build(params, source)
    said: Json = {"kind": source.kind}
    if source.path is not None:
        load(module, source)
        said |= {"file": source.path.name, "sha256": file_sha256(source.path)}
    if pad_type := params.pad_type or source.pad_type:
        said["pad_type"] = pad_type
    cfg: dict[str, Any] = cast(Any, module).default_cfg
    mean, std = params.mean or source.mean or cfg["mean"], params.std or source.std or cfg["std"]
    mode: Any = params.resize
    spec = Input(params.input_size, mode, _three(mean), _three(std), params.region)
    features = int(getattr(module, "head_hidden_size", None) or cast(Any, module).num_features)
    return Backbone(module.eval(), spec, features, source.kind != "none", said)


def _three(values: Any) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))


def _build(params: Common, source: weights.Source) -> nn.Module:
    name = params.backbone
    if not timm.is_model(name.partition(".")[0]):
        close = ", ".join(timm.list_models(f"*{name.partition('_')[0][:8]}*")[:5])
        raise Rejected(f"timm knows no backbone {name!r}.", hint=f"Close ones: {close or 'see timm.list_models()'}.")
    options: dict[str, Any] = {}
    if pad_type := params.pad_type or source.pad_type:
        options["pad_type"] = pad_type
    config = timm.models.get_pretrained_cfg(name)
    if config is not None and config.fixed_input_size and params.input_size != config.input_size[1]:
        options["img_size"] = params.input_size
    try:
        return timm.create_model(name, pretrained=source.kind == "hub", num_classes=0, **options)
    except TypeError as error:
        raise Rejected(f"backbone {name!r} does not take {options}: {error}.") from error
    except (OSError, RuntimeError, ValueError) as error:
        if source.kind == "hub":
            raise Unavailable(
                f"weights of {name!r} could not be fetched: {error}.", hint="Give a local file."
            ) from error
        raise Rejected(f"backbone {name!r} cannot be built: {error}.") from error


def load(module: nn.Module, source: weights.Source) -> None:
    """Load the weights file into the backbone, less the file's own classifier. Raises Rejected unless all keys fit."""
    assert source.path is not None
    named = cast(Any, module).default_cfg.get("classifier", ())
    heads = tuple(f"{name}." for name in ([named] if isinstance(named, str) else named))
    found = {name: tensor for name, tensor in weights.read(source.path).items() if not name.startswith(heads)}
    weights.check_keys(module.state_dict(), found, what=f"weights file {source.path.name!r}")
    module.load_state_dict(found, strict=False)


def lay_out(network: nn.Module, order: torch.memory_format) -> None:
    """Lay convolution weights out in memory with channels last, or first; parameters stay the same objects."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=order)


def head(features: int, classes: int, *, hidden: int, dropout: float) -> nn.Sequential:
    """Dropout → Linear(features, hidden) → ReLU → Dropout → Linear(hidden, classes)."""
    layers = (
        nn.Dropout(dropout),
        nn.Linear(features, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, classes),
    )
    return nn.Sequential(*layers)


def freeze(network: Network, how: str) -> list[str]:
    """Freeze the part of the body that `how` names and return its units, in the order that data passes them.

    Raises:
        Rejected: the backbone has no such stage or not that many blocks.
    """
    names = frozen_units(network.body, how)
    network.frozen = [network.body.get_submodule(name) for name in names]
    for module in network.frozen:
        module.requires_grad_(False)
    if names:
        loose = {name for name, _ in network.body.named_parameters(recurse=False)}  # position embeddings, class tokens
        for name, parameter in network.body.named_parameters():
            if name in loose:
                parameter.requires_grad_(False)
    return names


def frozen_units(body: nn.Module, how: str) -> list[str]:
    """Names of the units that `how` freezes; `upto_stage_k` is everything up to feature stride 4, 8 or 16.

    A plain transformer has one stride only: there the stages are the first, second and third quarter of its blocks.
    """
    order = units(body)
    if how == "none":
        return []
    if how == "head_only":
        return order
    if match := LAST_BLOCKS.fullmatch(how):
        blocks = _blocks(body, order)
        if int(match[1]) >= len(blocks):
            raise Rejected(f"freeze {how!r}: the backbone has only {len(blocks)} blocks.", hint="Use none instead.")
        return order[: order.index(blocks[-int(match[1])])]
    return order[: order.index(_stage_end(body, order, how)) + 1]


def _stage_end(body: nn.Module, order: list[str], how: str) -> str:
    stages = [(str(info["module"]), int(info["reduction"])) for info in cast(Any, body).feature_info]
    if len({stride for _, stride in stages}) == 1:
        quarter = int(how[-1])
        return stages[max(0, len(stages) * quarter // 4 - 1)][0]
    ends = [name for name, stride in stages if stride == STRIDES[how]]
    if not ends or ends[-1] not in order:
        raise Rejected(
            f"freeze {how!r}: the backbone has no stage of stride {STRIDES[how]}.", hint="Use head_only or none."
        )
    return ends[-1]


def _blocks(body: nn.Module, order: list[str]) -> list[str]:
    """The repeated units: `blocks.3`, `stages.2`, or `layer4`."""
    numbered = [name for name in order if name.partition(".")[2].isdigit()]
    return numbered or [str(info["module"]) for info in cast(Any, body).feature_info if str(info["module"]) in order]


def units(body: nn.Module) -> list[str]:
    """The body's parts in order of registration, which in timm is the order of execution; stacks of blocks opened."""
    stacks = {
        str(info["module"]).partition(".")[0] for info in cast(Any, body).feature_info if "." in str(info["module"])
    }
    names: list[str] = []
    for name, child in body.named_children():
        opened = [f"{name}.{inner}" for inner, _ in child.named_children()] if name in stacks else []
        names += opened or [name]
    return names


class _Front(nn.Module):
    """Images → what the frozen units make of them."""

    def __init__(self, body: nn.Module, *, pooled: bool) -> None:
        super().__init__()
        self.body = body
        self.pooled = pooled

    def forward(self, images: Tensor) -> Tensor:
        return cast(Tensor, self.body(images) if self.pooled else cast(Any, self.body).forward_features(images))


def split(network: Network, names: list[str], *, size: int) -> tuple[nn.Module, Network] | None:
    """Cut the network behind its frozen units: tail(front(images)) equals network(images).

    Both halves share their parameters and statistics with the network, so that training the tail trains the network.

    Returns:
        front and tail, or None where nothing is frozen or the backbone cannot be cut there (checked by computing).
    """
    if not names:
        return None
    whole = len(names) == len(units(network.body))
    front_body, tail_body = _shell(network.body), _shell(network.body)
    for name in units(network.body):
        if not whole:
            (tail_body if name in names else front_body).set_submodule(name, nn.Identity())
    if hasattr(tail_body, "_pos_embed"):
        tail_body.__dict__["_pos_embed"] = nn.Identity()  # a method: an attribute beside it would not be found
    front = _Front(front_body, pooled=whole).eval()
    tail = Network(nn.Identity() if whole else tail_body, network.head)
    return (front, tail) if _agree(network, front, tail, size) else None


def _shell(body: nn.Module) -> nn.Module:
    """A copy of the module tree around the very same tensors."""
    tensors = [*body.parameters(), *body.buffers()]
    return copy.deepcopy(body, {id(tensor): tensor for tensor in tensors})


def _agree(network: Network, front: nn.Module, tail: Network, size: int) -> bool:
    was = network.training
    network.eval()
    tail.eval()
    images = torch.linspace(-1, 1, 2 * 3 * size * size).reshape(2, 3, size, size)
    with torch.no_grad():
        try:
            cut, whole = tail(front(images))[0], network(images)[0]
        except (RuntimeError, AttributeError, TypeError, ValueError):
            return False
    network.train(was)
    return bool(torch.allclose(cut, whole, rtol=1e-3, atol=1e-4))
