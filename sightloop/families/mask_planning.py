"""What training an Attention U-Net would take, before it is started, measured on a few tiles."""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch
from torch import nn

from sightloop.core.entities import Json
from sightloop.families import planning
from sightloop.families.convolution import quick_gradients
from sightloop.families.loop import decaying
from sightloop.families.mask_learner import loss_of
from sightloop.families.mask_starting import Start

TILE_SECONDS = 0.008  # to decode, cut and change one tile, on one core
PICTURE_TILES = 3.2  # tiles of 256 pixels that a picture of the calibration side has on average
EXPORT_SECONDS = 20.0
MEASURED = 4  # tiles


def estimate(counts: Mapping[str, int], ready: Start) -> Json:
    """As `planning.estimate`: parameters, seconds and bytes; nothing is frozen and nothing cached.

    Args:
        counts: pictures per side ("train", "calibration").
    """
    params, network = ready.params, ready.network
    taught, judged = counts.get("train", 0), counts.get("calibration", 0)
    counted = sizes(network)
    step, size = _step_seconds(ready), _step_bytes(ready)
    look = step / 3 * PICTURE_TILES * (256 / params.tile) ** 2
    epoch = taught * params.tiles * (step + TILE_SECONDS / planning.cores()) + judged * look
    export = EXPORT_SECONDS + (judged + min(taught, 500)) * look
    fixed = planning.OVERHEAD + 4 * counted["total"] + 20 * counted["trainable"]
    return {
        "freeze": "none",
        "parameters": {"none": counted},
        "seconds": {"cache": 0.0, "epoch": epoch, "export": export, "total": epoch * params.epochs + export},
        "memory_bytes": fixed + size * params.batch,
        "batch_that_fits": planning.fitting(params.batch, size, fixed),
        "disk_bytes": 0,
        "precision": params.precision,
        "cache": False,
    }


def sizes(network: nn.Module) -> Json:
    """How many numbers a network has: {"trainable", "total"}."""
    trainable, total = planning.count(network)
    return {"trainable": trainable, "total": total}


def _step_seconds(ready: Start) -> float:
    """Seconds of one step of training per tile; nothing is learnt."""
    params, network = ready.params, ready.network.train()
    images = torch.zeros(MEASURED, 3, params.tile, params.tile)
    images = images.contiguous(memory_format=torch.channels_last) if params.channels_last else images
    targets = torch.zeros(MEASURED, network.classes, params.tile, params.tile)
    optimiser = torch.optim.AdamW(decaying(network, highest=0.0, decay=0.0), lr=0.0, fused=True)
    found = []
    with quick_gradients(network):
        for _ in range(2):
            began = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=params.precision == "bf16"):
                levels, _ = network(images)
            loss_of(levels, targets, deep=params.deep).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            optimiser.zero_grad()
            found.append(time.perf_counter() - began)
    return min(found) / MEASURED


def _step_bytes(ready: Start) -> int:
    """What one tile keeps for the way back: what autograd saves of it, and as much again for gradients."""
    params, network = ready.params, ready.network.train()
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    held = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    with (
        torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=params.precision == "bf16"),
    ):
        network(torch.zeros(2, 3, params.tile, params.tile))
    return sum(size for pointer, size in kept.items() if pointer not in held)
