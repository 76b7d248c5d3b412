"""From a trained Attention U-Net to one ONNX file that is cut best at 0.5 and proven to answer as the network does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from sightloop.core.entities import Json
from sightloop.families import export
from sightloop.families.finishing import Made
from sightloop.families.gated_unet import AttentionUnet
from sightloop.families.mask_learner import Histograms
from sightloop.families.tiles_data import MaskedPictures, to_tensor, windows
from sightloop.measure.overlap import best_threshold
from sightloop.vision.tiles import cut

LARGEST = 4096  # side in pixels that one tile may have


def fold_thresholds(network: AttentionUnet, histograms: Histograms, *, classes: Sequence[str]) -> Json:
    """Shift the last layer so that each class is cut best at 0.5, and say where it was best before.

    Args:
        histograms: (2, classes, 256) of the calibration side; empty ones leave 0.5 as it is.

    Returns:
        thresholds {class: 0..1} and threshold_curves {class: [{threshold, precision, recall, f1}]}, before the shift.
    """
    bias: Any = network.heads[-1].bias
    thresholds: Json = {}
    curves: Json = {}
    for index, name in enumerate(classes):
        found = best_threshold(histograms[1, index], histograms[0, index])
        thresholds[name], curves[name] = found["threshold"], found["curve"][::5]
        if found["curve"]:
            share = (255 * found["threshold"] - 0.5) / 255  # the least probability that rounds to this map value
            with torch.no_grad():
                bias[index] -= math.log(share / (1 - share))
    return {"thresholds": thresholds, "threshold_curves": curves}


def export_checked(network: AttentionUnet, made: Made) -> float:
    """Write model.onnx and weights.safetensors; the largest difference of logits between ONNX Runtime and torch.

    Raises:
        BadBundle: they differ by more than rounding.
    """
    side, path = network.multiple, made.folder / export.MODEL
    sizes = [side * torch.export.Dim(name, min=1, max=LARGEST // side) for name in ("rows", "columns")]
    export.write_onnx(network, torch.zeros(1, 3, 2 * side, 3 * side), {2: sizes[0], 3: sizes[1]}, path)
    export.save_weights(network, made.folder / export.WEIGHTS)
    pixels, mask = MaskedPictures(made.data.train, classes=len(made.data.classes)).load(0)
    tile = windows(mask.shape, multiple=side)[0]
    image = to_tensor(cut(pixels, tile, multiple=side), made.spec)[None]
    return max(export.compare(network, path, part) for part in (image, image[:, :, :side, :side].contiguous()))
