"""What makes an exported model that segments a complete bundle: figures, reference, card, manifest."""

from __future__ import annotations

import time
from dataclasses import asdict

from sightloop import __version__
from sightloop.bundles import card, reference
from sightloop.bundles import format as bundle_format
from sightloop.bundles.classifier import REFERENCE
from sightloop.bundles.format import Manifest
from sightloop.bundles.segmenter import Segmenter
from sightloop.core.entities import Json
from sightloop.core.ports import Report
from sightloop.families import mask_judging
from sightloop.families.finishing import Made

BANK = 500  # training pictures that later ones are compared with


def finish(made: Made, *, multiple: int, extra: Json, report: Report) -> Json:
    """Judge the exported model on the calibration side, write reference, card and manifest, and return the metrics.

    Args:
        multiple: what sides of a tile must be multiples of.
        extra: metrics of the family's own to keep beside the others.
    """
    taught = {"train": len(made.data.train), "calibration": len(made.data.calibration)}
    manifest = _manifest(made, multiple, {"pictures": taught, **extra})
    served = Segmenter(made.folder, manifest)
    figures, held_out, probabilities = mask_judging.judged(made, served, report=report)
    chosen = reference.balanced([one.target for one in made.data.train], limit=BANK, seed=made.params.seed)
    bank = mask_judging.embedded(made, served, chosen.tolist(), report=report)
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
