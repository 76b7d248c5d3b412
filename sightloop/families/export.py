"""From a trained network to a finished bundle folder: ONNX, weights, calibration, reference, card, manifest."""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from sightloop import __version__
from sightloop.bundles import card, reference
from sightloop.bundles import format as bundle_format
from sightloop.bundles.classifier import REFERENCE, open_session
from sightloop.bundles.format import Input, Manifest
from sightloop.core.arrays import Embedding, Scores
from sightloop.core.entities import Example, Json, Progress, TrainingSet
from sightloop.core.errors import BadBundle
from sightloop.core.ports import Report
from sightloop.families.backbone import Network, lay_out
from sightloop.families.data import Pictures, pool, targets
from sightloop.families.parameters import Common
from sightloop.measure import calibration, labels

WEIGHTS = "weights.safetensors"
LARGEST_BATCH = 1024
CHECKED = 8
CHUNK = 32
TOLERANCE = 1e-3  # of the largest logit: float32 sums in another order
Logits = NDArray[np.float32]
Bank = tuple[Embedding, Sequence[int]]


@dataclass(frozen=True)
class Made:
    """What a family hands over: a folder that holds `model.onnx`, and what the manifest should say of it."""

    folder: Path
    data: TrainingSet
    spec: Input
    family: str
    params: Common
    weights: Json
    context: Json


def to_onnx(network: Network, spec: Input, path: Path) -> None:
    """Write `network` as one ONNX file with inputs "image" (batch, 3, s, s) and outputs "logits" and "embedding".

    What the exporter notes of this machine (stack traces, paths) is removed, so equal weights give equal bytes.
    """
    import onnx

    lay_out(network.eval(), torch.contiguous_format)
    example = torch.zeros(2, 3, spec.size, spec.size)
    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*isinstance\(treespec, LeafSpec\).*", category=FutureWarning)
        program = torch.onnx.export(
            network, (example,), dynamo=True, verbose=False, external_data=False, input_names=["image"],
            output_names=["logits", "embedding"], dynamic_shapes={"images": {0: batch}},
        )  # fmt: skip
    model = cast(Any, program).model_proto
    for part in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.value_info,
        *model.graph.input,
        *model.graph.output,
    ):
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, str(path))


def save_weights(network: Network, path: Path) -> None:
    """Write all weights and statistics as safetensors, to continue training from."""
    from safetensors.torch import save_file

    state = {name: tensor.detach().contiguous().clone() for name, tensor in network.state_dict().items()}
    save_file(state, str(path))


def check(network: Network, path: Path, pictures: Pictures) -> float:
    """Compare ONNX Runtime with torch on real pictures and return the largest difference of logits.

    Raises:
        BadBundle: they differ by more than rounding.
    """
    chosen = np.linspace(0, len(pictures) - 1, min(CHECKED, len(pictures))).astype(int).tolist()
    images = pictures.batch(chosen, view=0)
    with torch.no_grad():
        expected = network(images)[0].numpy()
    found = open_session(path).run(["logits"], {"image": images.numpy()})[0]
    gap = float(np.abs(found - expected).max())
    if not gap <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise BadBundle(f"the exported model differs from the trained one by {gap:.4f}.", hint="Please report this.")
    return gap


def served(
    path: Path, pictures: Pictures, *, report: Report, what: str, mirrored: bool = False
) -> tuple[Logits, Embedding]:
    """Logits (n, c) and embeddings (n, d) of unchanged pictures, as the exported model will give them.

    One picture per core at a time, decoded and run by the same thread, as the server does.
    """
    session = open_session(path)

    def run(index: int) -> tuple[Logits, Embedding]:
        image = pictures.array(index, view=0)[None]
        image = np.ascontiguousarray(image[..., ::-1]) if mirrored else image
        return cast("tuple[Logits, Embedding]", session.run(["logits", "embedding"], {"image": image}))

    shapes = {output.name: output.shape[1] for output in session.get_outputs()}
    logits = np.zeros((len(pictures), shapes["logits"]), np.float32)
    embeddings = np.zeros((len(pictures), shapes["embedding"]), np.float32)
    for start in range(0, len(pictures), CHUNK):
        chunk = range(start, min(start + CHUNK, len(pictures)))
        for index, found in zip(chunk, pool().map(run, chunk), strict=True):
            logits[index], embeddings[index] = found[0][0], found[1][0]
        report(Progress(chunk.stop, len(pictures), f"{what}: {chunk.stop} of {len(pictures)} pictures"))
    return logits, embeddings


def fresh(folder: Path) -> Path:
    """An empty folder: a bundle is written from the start or not at all."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def finish(made: Made, *, bank: Bank, calibrating: tuple[Logits, Embedding], extra: Json) -> Json:
    """Fit the temperature, write reference, card and manifest into the folder, and return the metrics.

    Args:
        bank: L2-normalised embeddings of training pictures and their classes.
        calibrating: logits and embeddings of the calibration side, in its order.
        extra: metrics of the family's own to keep beside the others.
    """
    logits, embeddings = calibrating
    truth = targets(made.data.calibration)
    temperature = calibration.fit_temperature(logits, truth)
    probabilities = calibration.softmax(logits, temperature=temperature)
    if len(bank[1]):
        arrays = reference.build(
            bank[0], bank[1], held_out=embeddings, probabilities=probabilities, seed=made.params.seed
        )
        reference.save(made.folder / REFERENCE, arrays)
    metrics: Json = {
        "calibration": _score(made, probabilities, truth) if len(truth) else {},
        "temperature_scaling": {"temperature": temperature, **_ece(logits, truth, made.data.calibration)},
        "pictures": {"train": len(made.data.train), "calibration": len(made.data.calibration)},
        **extra,
    }
    manifest = _manifest(made, temperature, metrics)
    bundle_format.replace_file(made.folder / card.CARD, card.write(manifest).encode())
    bundle_format.write(made.folder, manifest)
    return metrics


def _score(made: Made, probabilities: Scores, truth: NDArray[np.int64]) -> Json:
    return labels.score(
        probabilities,
        truth,
        classes=made.data.classes,
        groups=[example.group_id for example in made.data.calibration],
        floor=float(made.context.get("floor", 0.0)),
        seed=made.params.seed,
    )


def _manifest(made: Made, temperature: float, metrics: Json) -> Manifest:
    return Manifest(
        task="classify",
        classes=made.data.classes,
        input=made.spec,
        family=made.family,
        backbone=made.params.backbone,
        temperature=temperature,
        params={**asdict(made.params), "weights": made.params.weights if not made.weights.get("file") else "file"},
        weights=made.weights,
        snapshot=made.context.get("snapshot"),
        code_version=__version__,
        metrics=metrics,
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
