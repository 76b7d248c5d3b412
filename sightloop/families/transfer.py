"""Family `transfer`: a timm backbone, frozen as far as asked, with a custom head; the frozen part computed once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sightloop.core.entities import Json, TrainingSet
from sightloop.core.ports import Report
from sightloop.families import bundling, finishing, planning
from sightloop.families.fine_tuning import embed, fine_tune, views
from sightloop.families.parameters import TransferParams, defaults
from sightloop.families.preparing import identity, prepare

TASK = "classify"
Params = TransferParams
DEFAULTS = defaults(TransferParams)
TEN = tuple("abcdefghij")  # classes of the network that a plan is measured with


def train(
    data: TrainingSet, params: TransferParams, *, folder: Path, work: Path, report: Report, context: Json
) -> Json:
    """Write a complete bundle into `folder`; goes on where an interrupted training with the same `work` stopped.

    Args:
        context: weights_dir (where "auto" looks), snapshot (its hash), created_at and floor where known.

    Returns:
        metrics (calibration side), history (one row per epoch), seconds per part.

    Raises:
        Rejected: fewer than two classes, no such backbone or stage, or weights that do not fit.
        Cancelled: a person asked to stop.
    """
    tuned = fine_tune(data, params, work=work, report=report, context=context)
    ready, began = tuned.ready, time.monotonic()
    bank = finishing.bank_of(data, lambda chosen: embed(tuned, chosen), seed=params.seed)
    made = finishing.Made(
        finishing.fresh(folder), data, ready.body.spec, "transfer", ready.params, ready.body.source, context,
        encoder=identity(ready.params, ready.body),
    )  # fmt: skip
    metrics = bundling.bundle(ready.network, made, bank=bank, report=report)
    trainable, total = planning.count(ready.network)
    seconds = {**tuned.seconds, "export": time.monotonic() - began}
    sizes = {"trainable": trainable, "total": total}
    return {"metrics": metrics, "history": tuned.history, "seconds": seconds, "parameters": sizes}


def trial(data: TrainingSet, params: TransferParams, *, work: Path, report: Report, context: Json) -> list[Json]:
    """The history of a training that makes no bundle; `train` with the same `work` and parameters ends with its model.

    Args:
        context: as for `train`; features (a folder) where several trials share what their frozen parts compute.

    Raises:
        Rejected, Cancelled: as `train` does.
    """
    return fine_tune(data, params, work=work, report=report, context=context).history


def plan(counts: Mapping[str, int], params: TransferParams, *, weights_dir: Path) -> Json:  # noqa: ARG001
    """What a training would take, measured here and now on a few batches; see `planning.estimate`."""
    ready = prepare(replace(params, weights="none"), classes=TEN, context={"weights_dir": ""})
    parts = planning.Parts(ready.network, ready.front, ready.tail)
    return planning.estimate(counts, ready.params, parts, views=views(params))
