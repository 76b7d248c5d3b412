"""From a trained network to its bundle: exported, compared with what was trained, and judged as it will be served."""

from __future__ import annotations

from sightloop.core.entities import Json, Progress
from sightloop.core.ports import Report
from sightloop.families import export, finishing, quantise
from sightloop.families.backbone import Network
from sightloop.families.data import Pictures
from sightloop.families.finishing import Bank, Made


def bundle(network: Network, made: Made, *, bank: Bank, report: Report) -> Json:
    """Write everything that the bundle of `network` holds into its folder; returns the metrics.

    Args:
        bank: L2-normalised embeddings of training pictures and their classes.
    """
    path = made.folder / export.MODEL
    report(Progress(0, 1, "exporting the model"))
    export.to_onnx(network, made.spec, path)
    export.save_weights(network, made.folder / export.WEIGHTS)
    gap = export.check(network, path, Pictures(made.data.train, made.spec))
    held_out = export.served(path, Pictures(made.held_out, made.spec), report=report, what="calibrating")
    extra = {"onnx_gap": gap, **quantise.offered(made, held_out, report=report)}
    return finishing.finish(made, bank=bank, held_out=held_out, extra=extra)
