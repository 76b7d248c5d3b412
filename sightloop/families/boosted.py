"""Family `boosted`: trees that go on from a logistic regression, on a frozen embedding or that of the live model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sightloop.bundles.boosted import BOOSTER, LAYER, Head
from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.ports import Report
from sightloop.families import boosting, embedding, finishing, logistic, preparing, quantise, starting
from sightloop.families.data import check
from sightloop.families.embedding import Learnt
from sightloop.families.parameters import BoostedParams, defaults

TASK = "classify"
Params = BoostedParams
DEFAULTS = defaults(BoostedParams)

PER_NUMBER = 4e-8  # seconds that a tree takes for each number it sees, roughly
USUALLY = 40, 5  # trees of a class before the folds stop it, and classes


def train(data: TrainingSet, params: BoostedParams, *, folder: Path, work: Path, report: Report, context: Json) -> Json:
    """Write a complete bundle into `folder`; `work` stays empty: an interrupted training starts over.

    Args:
        context: weights_dir (where "auto" looks), live (the live bundle's folder, for weights "live"), snapshot (its
            hash), created_at and floor where known.

    Returns:
        metrics (calibration side), history (see `boosting.fit`), seconds per part.

    Raises:
        Rejected: fewer than two classes or groups, no such backbone, weights that do not fit, or no live model.
        Cancelled: a person asked to stop.
    """
    check(data)
    work.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    params, body = starting.create(params, context)
    made = finishing.Made(
        finishing.fresh(folder), data, body.spec, "boosted", params, body.source, context,
        encoder=preparing.identity(params, body),
    )  # fmt: skip
    report(Progress(0, 1, "exporting the backbone"))
    gap = embedding.write(embedding.Encoder(body.module).eval(), made)
    exported = time.monotonic()
    learnt, judged = embedding.embed(made, report, mirror_below=params.mirror_below)
    embedded = time.monotonic()
    history, found = _grow(learnt, params, made.folder, report)
    fitted = time.monotonic()
    bank = finishing.bank_of(data, lambda chosen: learnt.embeddings[chosen], seed=params.seed)
    head = Head.open(made.folder)
    held_out = head(judged), judged
    extra = {"onnx_gap": gap, "boosted": found, **quantise.offered(made, held_out, report=report, head=head)}
    metrics = finishing.finish(made, bank=bank, held_out=held_out, extra=extra)
    seconds = {"export": exported - began, "embedding": embedded - exported, "fitting": fitted - embedded}
    return {"metrics": metrics, "history": history, "seconds": {**seconds, "finishing": time.monotonic() - fitted}}


def _grow(learnt: Learnt, params: BoostedParams, folder: Path, report: Report) -> tuple[list[Json], Json]:
    """Write the layer and the trees into `folder`; what was tried, and what the trees brought on the folds."""
    parts = boosting.folds(learnt, params)
    below = logistic.fit(learnt, parts, c=0.0, report=report)
    judge = boosting.Judge(learnt, parts, begin=below.unseen, params=params, report=report)
    booster, history = boosting.fit(judge)
    np.savez(folder / LAYER, weight=below.layer.weight, bias=below.layer.bias)
    (folder / BOOSTER).write_text(booster.model_to_string())
    best = next(row for row in history if row["chosen"])
    alone = next(row["loss"] for row in below.history if row["chosen"])
    return history, {"c": below.c, "rounds": best["rounds"], "loss": best["loss"], "loss_without_trees": alone}


def plan(counts: Mapping[str, int], params: BoostedParams, *, weights_dir: Path) -> Json:  # noqa: ARG001
    """What a training would take; the embedding is measured on a few forward passes, the trees are estimated."""
    costs = embedding.costs(counts, params)
    trees = boosting.tries(params) * params.folds * min(params.rounds, USUALLY[0]) * USUALLY[1]
    numbers = costs.taught * costs.features * params.columns
    return costs.told({"fitting": costs.taught * 1e-2 + trees * numbers * PER_NUMBER}, trainable=0)
