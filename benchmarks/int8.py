"""What an 8-bit copy keeps of the accuracy and saves of the time: ResNet50 and MobileNetV2, float32 beside int8.

`SIGHTLOOP_WEIGHTS=DIR python -m benchmarks.int8 --data FOLDER` fits MobileNetV2's pretrained embedding on a folder of
class folders; ResNet50, for which no weights are at hand, learns drawn eyes from scratch. Accuracy is that of pictures
which neither training nor the gate has met; CPU-milliseconds are those of one picture on one core.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.feature_cache import read
from benchmarks.results import publish
from sightloop import families
from sightloop.bundles import graphs
from sightloop.bundles.classifier import Classifier
from sightloop.core.entities import Example, Json, TrainingSet
from sightloop.measure import labels
from sightloop.samples import write
from sightloop.vision.decode import decode

RUNS = 31
SCRATCH = {"weights": "none", "freeze": "none", "cache": False, "lr": 1e-3, "batch": 8, "dropout": 0.2, "patience": 0}


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), help="A folder of class folders, for MobileNetV2."
)
@click.option("--count", default=120, show_default=True, help="Drawn eyes of each class, for ResNet50.")
@click.option("--epochs", default=15, show_default=True, help="For ResNet50.")
@click.option("--size", default=224, show_default=True, help="Side of the input in pixels.")
def main(data: Path | None, count: int, epochs: int, size: int) -> None:
    """Train both with int8, and compare their graphs."""
    weights = os.environ.get("SIGHTLOOP_WEIGHTS", "")
    rows = []
    with tempfile.TemporaryDirectory() as place:
        drawn, fresh = (_drawn(Path(place), count, seed=seed, size=size) for seed in (0, 1))
        common: Json = {"input_size": size, "int8": True}
        scratch = {**SCRATCH, **common, "backbone": "resnet50", "epochs": epochs}
        frozen = {**common, "backbone": "mobilenetv2_100", "weights": "auto" if weights else "none"}
        for family, values, folder in (("linear", frozen, data or drawn), ("transfer", scratch, drawn)):
            taught, test = read(folder)
            judged = _all(fresh) if folder == drawn else test
            made = _train(family, values, taught, Path(place) / family, weights)
            rows += _rows(Path(place) / family / "bundle", judged, made, what=folder.name)
    publish("int8", rows, notes={"pictures_that_calibrate": 200, "threads": 1})


def _drawn(place: Path, count: int, *, seed: int, size: int) -> Path:
    folder = place / f"eyes{seed}"
    write.write_set("eyes", folder, count_per_class=count, seed=seed, size=size)
    return folder


def _all(folder: Path) -> list[Example]:
    """Every picture of a folder, whatever its side would be."""
    data, test = read(folder)
    return [*data.train, *data.calibration, *test]


def _train(family: str, values: Json, taught: TrainingSet, target: Path, weights: str) -> Json:
    found: Json = families.get(family).train(
        taught,
        families.params(family, values),
        folder=target / "bundle",
        work=target / "work",
        report=lambda progress: click.echo(f"\r\x1b[K{progress.message}", nl=False, err=True),
        context={"weights_dir": weights},
    )
    gate: Json = found["metrics"]["int8"]
    return gate


def _rows(folder: Path, test: Sequence[Example], gate: Json, *, what: str) -> list[Json]:
    """One row for each graph that the bundle holds."""
    kept = ["fp32", *(["int8"] if gate["kept"] else [])]
    models = {name: Classifier(folder, precision=name) for name in kept}
    spec = models["fp32"].manifest.input
    files = [folder / graphs.MODEL, folder / graphs.INT8][: len(kept)]
    spent = graphs.milliseconds([graphs.open_session(file) for file in files], size=spec.size, runs=RUNS)
    rows = []
    for (name, model), file, milliseconds in zip(models.items(), files, spent, strict=True):
        accuracy = _accuracy(model, test)
        row = {"backbone": model.manifest.backbone, "pictures": what, "graph": name, "test_n": len(test)}
        row |= {f"accuracy{end}": accuracy[key] for key, end in (("value", ""), ("low", "_low"), ("high", "_high"))}
        rows.append({**row, "cpu_ms": milliseconds, "megabytes": file.stat().st_size / 1e6})
    said = f"kept, mean cosine {gate['cosine']:.4f}" if gate["kept"] else f"int8 refused: {gate['reason']}"
    served = Classifier(folder).precision
    return [row | {"gate": said, "gate_drop": gate.get("drop"), "served_here": served} for row in rows]


def _accuracy(model: Classifier, test: Sequence[Example]) -> dict[str, Any]:
    pictures = (decode(Path(one.path).read_bytes(), shrink_to=model.input_size) for one in test)
    found = np.concatenate([model.predict([picture]).probabilities for picture in pictures])
    truth = np.array([one.target for one in test])
    scored = labels.score(found, truth, classes=model.classes, groups=[one.group_id for one in test], floor=0.0)
    accuracy: dict[str, Any] = scored["accuracy"]
    return accuracy


if __name__ == "__main__":
    main()
