"""What makes an exported model that segments a complete bundle: figures, reference, card, manifest."""

from __future__ import annotations

from sightloop.bundles import reference
from sightloop.bundles.classifier import REFERENCE
from sightloop.bundles.format import Manifest
from sightloop.bundles.segmenter import Segmenter
from sightloop.core.entities import Json
from sightloop.core.ports import Report
from sightloop.families import finishing, mask_judging
from sightloop.families.finishing import Made

BANK = 500  # training pictures that later ones are compared with


def finish(made: Made, *, multiple: int, extra: Json, report: Report) -> Json:
    """Judge the exported model on the calibration side, write reference, card and manifest, and return the metrics.

    Args:
        multiple: what sides of a tile must be multiples of.
        extra: metrics of the family's own to keep beside the others.
    """
    taught = {"train": len(made.data.train), "calibration": len(made.data.calibration)}
    metrics: Json = {"pictures": taught, **extra}
    served = Segmenter(made.folder, _manifest(made, metrics, multiple))
    figures, held_out, probabilities = mask_judging.judged(made, served, report=report)
    chosen = reference.balanced([one.target for one in made.data.train], limit=BANK, seed=made.params.seed)
    bank = mask_judging.embedded(made, served, chosen.tolist(), report=report)
    targets = [made.data.train[index].target for index in chosen]
    arrays = reference.build(bank, targets, held_out=held_out, probabilities=probabilities, seed=made.params.seed)
    reference.save(made.folder / REFERENCE, arrays)
    return finishing.complete(made, _manifest(made, {"calibration": figures, **metrics}, multiple))


def _manifest(made: Made, metrics: Json, multiple: int) -> Manifest:
    return finishing.manifest(made, metrics, task="segment", params={"multiple": multiple})
