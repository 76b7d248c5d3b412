"""What turns an exported model into a complete bundle: calibration, reference, card, manifest."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightloop import __version__
from sightloop.bundles import card, reference, runner
from sightloop.bundles import format as bundle_format
from sightloop.bundles.classifier import REFERENCE
from sightloop.bundles.format import Input, Manifest
from sightloop.core.arrays import Embedding, Scores
from sightloop.core.entities import Example, Json, TrainingSet
from sightloop.families.data import targets
from sightloop.families.parameters import Common
from sightloop.measure import calibration, labels

Logits = NDArray[np.float32]
Bank = tuple[Embedding, Sequence[int]]


@dataclass(frozen=True)
class Made:
    """What a family hands over: a folder that holds `model.onnx`, and what the manifest should say of it.

    `encoder` is the id of the one in the graph; see `preparing.identity`.
    """

    folder: Path
    data: TrainingSet
    spec: Input
    family: str
    params: Common
    weights: Json
    context: Json
    encoder: str | None = None

    @property
    def held_out(self) -> tuple[Example, ...]:
        """What nothing was learnt from: the calibration side, then the pictures that certify."""
        return self.data.calibration + self.data.certification


def fresh(folder: Path) -> Path:
    """An empty folder: a bundle is written from the start or not at all."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def finish(made: Made, *, bank: Bank, held_out: tuple[Logits, Embedding], extra: Json) -> Json:
    """Fit the temperature, write reference, card and manifest into the folder, and return the metrics.

    Args:
        bank: L2-normalised embeddings of training pictures and their classes.
        held_out: logits and embeddings of `made.held_out`, in its order; only those of the calibration side, which come
            first, set the temperature and the figures.
        extra: metrics of the family's own to keep beside the others.
    """
    truth = targets(made.data.calibration)
    logits = held_out[0][: len(truth)]
    temperature = calibration.fit_temperature(logits, truth)
    probabilities = calibration.softmax(held_out[0], temperature=temperature)
    if len(bank[1]):
        arrays = reference.build(
            bank[0], bank[1], held_out=held_out[1], probabilities=probabilities, seed=made.params.seed
        )
        reference.save(made.folder / REFERENCE, arrays)
    metrics: Json = {
        "calibration": _score(made, probabilities[: len(truth)], truth) if len(truth) else {},
        "temperature_scaling": {"temperature": temperature, **_ece(logits, truth, made.data.calibration)},
        "pictures": {"train": len(made.data.train), "calibration": len(made.data.calibration)},
        **extra,
    }
    return complete(made, manifest(made, metrics, temperature=temperature))


def complete(made: Made, described: Manifest) -> Json:
    """Write card, script and manifest of a bundle whose other files are there, and return its metrics."""
    bundle_format.replace_file(made.folder / card.CARD, card.write(described).encode())
    runner.write(made.folder, described)
    return bundle_format.write(made.folder, described).metrics


def _score(made: Made, probabilities: Scores, truth: NDArray[np.int64]) -> Json:
    return labels.score(
        probabilities,
        truth,
        classes=made.data.classes,
        groups=[example.group_id for example in made.data.calibration],
        floor=float(made.context.get("floor", 0.0)),
        seed=made.params.seed,
    )


def manifest(
    made: Made, metrics: Json, *, task: str = "classify", temperature: float = 1.0, params: Json | None = None
) -> Manifest:
    """The manifest of what was made; `params` are recorded beside the family's own.

    The weights' place on this machine is not recorded, only that they were a file; the live model's stay "live".
    """
    weights = "file" if made.weights["kind"] == "file" else made.params.weights
    return Manifest(
        task=task,
        classes=made.data.classes,
        input=made.spec,
        family=made.family,
        backbone=made.params.backbone,
        temperature=temperature,
        params={**asdict(made.params), "weights": weights, **(params or {})},
        weights=made.weights,
        snapshot=made.context.get("snapshot"),
        code_version=__version__,
        metrics=metrics,
        encoder=made.encoder,
        created_at=float(made.context.get("created_at") or time.time()),
    )


def _ece(logits: Logits, truth: NDArray[np.int64], examples: Sequence[Example]) -> Json:
    """ECE before the temperature, and after one that was fitted on the other half of the groups."""
    if not len(truth):
        return {"ece_before": None, "ece_after": None}
    names = sorted({example.group_id for example in examples})
    odd = set(names[1::2])
    half = np.array([example.group_id in odd for example in examples])
    scaled = calibration.softmax(logits)
    before = calibration.ece(scaled, truth)
    for fold in (half, ~half):
        if fold.any() and (~fold).any():
            other = calibration.fit_temperature(logits[~fold], truth[~fold])
            scaled[fold] = calibration.softmax(logits[fold], temperature=other)
    return {"ece_before": before, "ece_after": calibration.ece(scaled, truth)}


def bank_of(
    data: TrainingSet, embed: Callable[[NDArray[np.int64]], Embedding], *, seed: int
) -> tuple[Embedding, list[int]]:
    """Embeddings of at most 2,000 training pictures, even over the classes, and their classes."""
    chosen = reference.balanced([example.target for example in data.train], limit=reference.BANK, seed=seed)
    return embed(chosen.astype(np.int64)), [data.train[index].target for index in chosen]
