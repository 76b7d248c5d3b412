"""What a training would take, before it is started: parameters, seconds and bytes, measured on a few batches."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.families import backbone as backbones
from sightloop.families import features
from sightloop.families.backbone import Network
from sightloop.families.convolution import quick_gradients
from sightloop.families.features import Front
from sightloop.families.learner import groups
from sightloop.families.parameters import STAGES, TransferParams

DECODE_SECONDS = 0.006  # for one photograph of half a megapixel on one core, augmentation included
EXPORT_SECONDS = 8.0
ROUNDS = 2
MEASURED_BATCH = 8
OVERHEAD = 400 * 2**20  # the interpreter with torch, in bytes
MEMORY_SHARE = 0.7  # of the free memory that a training may plan with


@dataclass(frozen=True)
class Parts:
    """A network, and what it was cut into; `front` is None where nothing is computed only once."""

    network: Network
    front: Front | None
    tail: Network


def estimate(counts: Mapping[str, int], params: TransferParams, parts: Parts, *, views: int) -> Json:
    """Trainable and total parameters per freeze name, seconds and bytes.

    Args:
        counts: pictures per side ("train", "calibration").

    Returns:
        JSON-ready: freeze, parameters {freeze: {trainable, total}}, seconds {cache, epoch, export, total},
        memory_bytes, disk_bytes, batch_that_fits, precision, cache.
    """
    network, front, tail = parts.network, parts.front, parts.tail
    taught, judged = counts.get("train", 0), counts.get("calibration", 0)
    batch = min(MEASURED_BATCH, params.batch)
    images = torch.zeros(batch, 3, params.input_size, params.input_size)
    inputs = front(images) if front is not None else images
    with quick_gradients(tail):
        step = _seconds(lambda: _step(tail, inputs, params)) / batch
    look = _seconds(lambda: _look(tail, inputs, params)) / batch
    fronted = _seconds(lambda: front(images)) / batch if front is not None else 0.0
    read = 0.0 if front is not None else DECODE_SECONDS / cores()
    cache = (taught * views + judged) * (fronted + DECODE_SECONDS / cores()) if front is not None else 0.0
    epoch = taught * (step + read) + judged * (look + read)
    export = EXPORT_SECONDS + judged * (fronted + look) * 2
    per_picture = _activation_bytes(tail, inputs, params) // batch
    fixed = OVERHEAD + _state_bytes(network)
    return {
        "freeze": params.freeze,
        "parameters": _per_freeze(network, params),
        "seconds": {"cache": cache, "epoch": epoch, "export": export, "total": cache + epoch * params.epochs + export},
        "memory_bytes": fixed + per_picture * params.batch,
        "batch_that_fits": fitting(params.batch, per_picture, fixed),
        "disk_bytes": (taught * views + judged) * features.row_bytes(front, params.input_size)
        if front is not None
        else 0,
        "precision": params.precision,
        "cache": front is not None,
    }


def cores() -> int:
    return max(1, torch.get_num_threads())


def _seconds(work: Callable[[], object]) -> float:
    """The shortest of a few runs, the first one not counted."""
    work()
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def _step(tail: Network, inputs: Tensor, params: TransferParams) -> None:
    """One step of training, optimiser included; the rate is 0, so that nothing is learnt."""
    tail.train()
    optimiser = torch.optim.AdamW(groups(tail, params, body_rate=1.0), lr=0.0, fused=True)
    for group in optimiser.param_groups:
        group["lr"] = 0.0
    with torch.autocast("cpu", torch.bfloat16, enabled=params.precision == "bf16"):
        loss = tail(_laid(inputs, params))[0].float().square().mean()
    loss.backward()
    optimiser.step()
    optimiser.zero_grad()


def _look(tail: Network, inputs: Tensor, params: TransferParams) -> None:
    tail.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=params.precision == "bf16"):
        tail(_laid(inputs, params))


def _laid(inputs: Tensor, params: TransferParams) -> Tensor:
    wanted = params.channels_last and inputs.ndim == 4
    return inputs.contiguous(memory_format=torch.channels_last) if wanted else inputs


def _activation_bytes(tail: Network, inputs: Tensor, params: TransferParams) -> int:
    """Twice what the leaves of the tail put out: once kept for the way back, once as its gradient."""
    sizes: list[int] = []

    def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            sizes.append(output.numel() * output.element_size())

    leaves = [module for module in tail.modules() if not list(module.children())]
    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    _look(tail, inputs, params)
    for hook in hooks:
        hook.remove()
    return 2 * sum(sizes) + inputs.numel() * inputs.element_size()


def _state_bytes(network: Network) -> int:
    """Weights once; gradients, two moments and the best copy for what trains."""
    trainable, total = count(network)
    return 4 * total + 16 * trainable


def fitting(batch: int, per_picture: int, fixed: int) -> int:
    """The largest batch, halved from the wanted one, that the free memory takes; at least 2."""
    free = MEMORY_SHARE * available_memory()
    while batch > 2 and fixed + batch * per_picture > free:
        batch //= 2
    return max(2, batch)


def available_memory() -> int:
    """Bytes that can be had without swapping."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _per_freeze(network: Network, params: TransferParams) -> Json:
    found: Json = {}
    was = [parameter.requires_grad for parameter in network.parameters()]
    for how in dict.fromkeys((*STAGES, params.freeze)):
        network.requires_grad_(True)
        try:
            backbones.freeze(network, how)
        except Rejected:
            continue
        trainable, total = count(network)
        found[how] = {"trainable": trainable, "total": total}
    for parameter, trains in zip(network.parameters(), was, strict=True):
        parameter.requires_grad_(trains)
    return found


def count(network: nn.Module) -> tuple[int, int]:
    """Trainable and total parameters."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in network.parameters()]
    return sum(size for size, trains in sizes if trains), sum(size for size, _ in sizes)
