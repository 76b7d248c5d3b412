"""What turns a trained Attention U-Net into a bundle: thresholds, export, figures, reference, card, manifest."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from sightloop import __version__
from sightloop.bundles import card, reference
from sightloop.bundles import format as bundle_format
from sightloop.bundles.classifier import REFERENCE
from sightloop.bundles.format import Manifest
from sightloop.bundles.segmenter import Segmenter
from sightloop.core.arrays import Embedding, Mask, Scores
from sightloop.core.entities import Json, Progress
from sightloop.core.ports import Report
from sightloop.families import export
from sightloop.families.data import pool
from sightloop.families.finishing import Made
from sightloop.families.gated_unet import AttentionUnet
from sightloop.families.mask_learner import Histograms
from sightloop.families.tiles_data import MaskedPictures, inside, to_tensor, windows
from sightloop.measure.overlap import Counts, best_threshold, count, score
from sightloop.vision import masks
from sightloop.vision.tiles import cut

BANK = 500  # training pictures that later ones are compared with
FOLDED = 0.5  # the threshold that the served model is best at
TOLERANCE = 2.0  # pixels that a boundary may be off
CHUNK = 16
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


def finish(made: Made, *, multiple: int, extra: Json, report: Report) -> Json:
    """Judge the exported model on the calibration side, write reference, card and manifest, and return the metrics.

    Args:
        multiple: what sides of a tile must be multiples of.
        extra: metrics of the family's own to keep beside the others.
    """
    taught = {"train": len(made.data.train), "calibration": len(made.data.calibration)}
    manifest = _manifest(made, multiple, {"pictures": taught, **extra})
    served = Segmenter(made.folder, manifest)
    figures, held_out, probabilities = _judged(made, served, report=report)
    chosen = reference.balanced([one.target for one in made.data.train], limit=BANK, seed=made.params.seed)
    bank = _embedded(made, served, chosen.tolist(), report=report)
    targets = [made.data.train[index].target for index in chosen]
    arrays = reference.build(bank, targets, held_out=held_out, probabilities=probabilities, seed=made.params.seed)
    reference.save(made.folder / REFERENCE, arrays)
    manifest = _manifest(made, multiple, {"calibration": figures, **manifest.metrics})
    bundle_format.replace_file(made.folder / card.CARD, card.write(manifest).encode())
    return bundle_format.write(made.folder, manifest).metrics


def _manifest(made: Made, multiple: int, metrics: Json) -> Manifest:
    weights = "file" if made.weights["kind"] == "file" else made.params.weights
    return Manifest(
        task="segment",
        classes=made.data.classes,
        input=made.spec,
        family=made.family,
        backbone=made.params.backbone,
        params={**asdict(made.params), "weights": weights, "multiple": multiple},
        weights=made.weights,
        snapshot=made.context.get("snapshot"),
        code_version=__version__,
        metrics=metrics,
        created_at=float(made.context.get("created_at") or time.time()),
    )


def _judged(made: Made, served: Segmenter, *, report: Report) -> tuple[Json, Embedding, Scores]:
    """Figures of the calibration side as the exported model answers it, with embeddings and probabilities."""
    pictures = MaskedPictures(made.data.calibration, classes=len(made.data.classes))

    def judge(index: int) -> tuple[Counts, Embedding, Scores]:
        pixels, truth = pictures.load(index)
        found = served.predict([pixels])
        predicted: Mask = masks.threshold(found.maps[0], FOLDED)
        counts = count(predicted, truth, classes=pictures.classes, tolerance=TOLERANCE)
        return counts, found.embeddings[0], found.probabilities[0]

    rows = []
    for start in range(0, len(pictures), CHUNK):
        rows += list(pool().map(judge, range(start, min(start + CHUNK, len(pictures)))))
        report(Progress(len(rows), len(pictures), f"calibrating: {len(rows)} of {len(pictures)} pictures"))
    figures = score(
        [counts for counts, _, _ in rows],
        classes=made.data.classes,
        groups=[example.group_id for example in pictures.examples],
        threshold=FOLDED,
        tolerance=TOLERANCE,
        seed=made.params.seed,
    )
    shape = (len(rows), len(made.data.classes))
    held_out = np.array([embedding for _, embedding, _ in rows], np.float32).reshape(len(rows), served.width)
    return figures if rows else {}, held_out, np.array([found for _, _, found in rows], np.float64).reshape(shape)


def _embedded(made: Made, served: Segmenter, chosen: Sequence[int], *, report: Report) -> Embedding:
    """Embeddings (n, d) of training pictures; of a very large one, of at most four windows."""
    pictures = MaskedPictures(made.data.train, classes=len(made.data.classes))

    def embed(index: int) -> Embedding:
        pixels, mask = pictures.load(index)
        parts = [inside(pixels, tile) for tile in windows(mask.shape, multiple=served.multiple)]
        total = served.predict(parts).embeddings.sum(axis=0)
        return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float32)

    rows: list[Embedding] = []
    for start in range(0, len(chosen), CHUNK):
        rows += list(pool().map(embed, chosen[start : start + CHUNK]))
        report(Progress(len(rows), len(chosen), f"describing what is familiar: {len(rows)} of {len(chosen)} pictures"))
    return np.stack(rows)
