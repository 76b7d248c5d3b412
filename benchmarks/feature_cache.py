"""What computing the frozen part once saves: the naive loop against channels-last, bf16 and the feature cache.

`python -m benchmarks.feature_cache` times ResNet50 with `upto_stage_3` over ten epochs; `--accuracy` compares what both
roads reach (`--data FOLDER --weights FILE --backbone mobilenetv2_100`). Every row is a whole training on the same
pictures, building of the cache counted; nothing is extrapolated.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.results import publish
from sightloop import bundles, families
from sightloop.core.entities import Example, Json, TrainingSet
from sightloop.core.splits import side_of
from sightloop.measure import paired
from sightloop.vision.decode import decode

ROADS: dict[str, dict[str, Any]] = {
    "naive loop": {"cache": False, "precision": "fp32", "channels_last": False},
    "+ channels last": {"cache": False, "precision": "fp32"},
    "+ bf16": {"cache": False, "precision": "auto"},
    "+ feature cache": {"cache": True, "precision": "auto"},
}
SEEDS = 2


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="a folder of class folders; else drawn ones")
@click.option("--count", default=160, show_default=True, help="training pictures to be timed on")
@click.option("--epochs", default=10, show_default=True)
@click.option("--backbone", default="resnet50", show_default=True)
@click.option("--weights", default="none", show_default=True)
@click.option("--views", default=2, show_default=True, help="augmented views in the cache")
@click.option("--accuracy", is_flag=True, help="compare accuracy instead, on all pictures")
def main(data: Path | None, count: int, epochs: int, backbone: str, weights: str, views: int, accuracy: bool) -> None:
    """Time the roads, or compare the accuracy of the first and the last."""
    shared = {"backbone": backbone, "weights": weights, "epochs": epochs, "views": views, "patience": 0}
    with tempfile.TemporaryDirectory() as place:
        folder = data or _drawn(Path(place) / "drawn", count)
        if accuracy:
            publish("feature_cache_accuracy", _compare(folder, shared, Path(place)))
        else:
            publish("feature_cache", _time(folder, shared, Path(place), count=count))


def _drawn(folder: Path, count: int) -> Path:
    """Specimens of 500 pixels, enough for `count` training pictures."""
    from sightloop.samples import write

    write.write_set("specimens", folder, count_per_class=count // 6 + 2, seed=0, size=500)
    return folder


def read(folder: Path) -> tuple[TrainingSet, list[Example]]:
    """A folder of class folders, its sides drawn from the files' hashes; the test side apart."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    sides: dict[str, list[Example]] = {"train": [], "calibration": [], "test": []}
    for target, name in enumerate(names):
        for path in sorted(path for path in (folder / name).iterdir() if path.is_file()):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            sides[side_of(digest)].append(Example(digest[:16], str(path), target, digest))
    return TrainingSet(tuple(names), tuple(sides["train"]), tuple(sides["calibration"])), sides["test"]


def _time(folder: Path, shared: Json, place: Path, *, count: int) -> list[Json]:
    everything, _ = read(folder)
    chosen = np.random.default_rng(0).permutation(len(everything.train))[:count]
    data = TrainingSet(everything.classes, tuple(everything.train[index] for index in chosen), ())
    rows: list[Json] = []
    for number, (name, road) in enumerate(ROADS.items()):
        out, cpu = _train(data, {**shared, **road}, place / f"road{number}")
        wall = out["seconds"]["cache"] + out["seconds"]["training"]
        each = len(data.train) * shared["epochs"]
        row = {"road": name, "pictures": len(data.train), "epochs": shared["epochs"], "seconds": wall}
        row |= {"cpu_ms_per_picture_and_epoch": 1000 * cpu / each, "cache_seconds": out["seconds"]["cache"]}
        first, before = (rows[0], rows[-1]) if rows else (row, row)
        key = "cpu_ms_per_picture_and_epoch"
        rows.append(row | {"faster_than_naive": first[key] / row[key], "this_step": before[key] / row[key]})
    return rows


def _train(data: TrainingSet, values: Json, place: Path) -> tuple[Json, float]:
    """Train once; what it returned, and the CPU seconds of everything but the export."""
    marks: list[float] = []
    began = time.process_time()

    def note(progress: Any) -> None:
        if progress.message.startswith("exporting"):
            marks.append(time.process_time())

    family = families.get("transfer")
    params = families.params("transfer", values)
    context = {"weights_dir": str(place), "snapshot": None}
    out = family.train(data, params, folder=place / "bundle", work=place / "work", report=note, context=context)
    return out, marks[0] - began


def _compare(folder: Path, shared: Json, place: Path) -> list[Json]:
    """Test accuracy of both roads over the same seeds, and the paired difference over groups of pictures."""
    data, test = read(folder)
    roads = [("naive loop", {"cache": False}), ("feature cache", {"cache": True})]
    answers: dict[str, list[NDArray[np.int64]]] = {name: [] for name, _ in roads}
    seconds = dict.fromkeys(answers, 0.0)
    for seed in range(SEEDS):
        for name, road in roads:
            target = place / f"{name}-{seed}"
            seconds[name] += _train(data, {**shared, **road, "seed": seed}, target)[1]
            answers[name].append(_answers(target / "bundle", test))
    truth = np.tile([example.target for example in test], SEEDS)
    groups = [example.group_id for example in test] * SEEDS
    naive, cached = (np.concatenate(answers[name]) for name, _ in roads)
    found = paired.compare(naive, cached, targets=truth, groups=groups)
    difference = found["difference"]
    return [
        {"road": "naive loop", "accuracy": found["first"], "cpu_seconds": seconds["naive loop"]},
        {"road": "feature cache", "accuracy": found["second"], "cpu_seconds": seconds["feature cache"]},
        {"road": "cache minus naive", "accuracy": difference["value"], **difference, "n": len(test), "seeds": SEEDS},
    ]


def _answers(folder: Path, test: Sequence[Example]) -> NDArray[np.int64]:
    predictor = bundles.load(folder, threads=2)
    found = [
        predictor.predict([decode(Path(example.path).read_bytes(), shrink_to=predictor.input_size)]).probabilities[0]
        for example in test
    ]
    return np.asarray(np.argmax(found, axis=1), np.int64)


if __name__ == "__main__":
    main()
