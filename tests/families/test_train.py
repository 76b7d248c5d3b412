"""Every family of classifiers makes a bundle that serves; a killed training ends as an uninterrupted one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sightloop import bundles, families
from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Example, Json, Progress, TrainingSet
from sightloop.core.errors import Cancelled, Rejected
from sightloop.families.backbone import create
from sightloop.families.parameters import TransferParams
from sightloop.families.weights import Source
from sightloop.vision.decode import decode

SMALL: dict[str, Any] = {"backbone": "test_resnet", "weights": "none", "input_size": 32, "batch": 12}
FAMILIES: dict[str, dict[str, Any]] = {
    "transfer": {**SMALL, "epochs": 8, "freeze": "none", "lr": 5e-3, "dropout": 0.2, "views": 2},
    "linear": {**SMALL},
    "boosted": {**SMALL, "search": "none"},
}
BESIDE = {"boosted": {"layer.npz", "booster.txt", "trees.py"}}  # files that only some families write
RESUMED: dict[str, Any] = {**SMALL, "epochs": 3, "freeze": "upto_stage_1", "views": 2, "checkpoint_seconds": 0}
CONTEXT: Json = {"weights_dir": "", "snapshot": "abc", "created_at": 1_700_000_000.0}


def _train(name: str, values: dict[str, Any], data: TrainingSet, place: Path, report: Any = lambda _: None) -> Json:
    params = families.params(name, values)
    return families.get(name).train(
        data, params, folder=place / "bundle", work=place / "work", report=report, context=CONTEXT
    )


@pytest.fixture(scope="session", params=sorted(FAMILIES))
def made(
    request: pytest.FixtureRequest, data: TrainingSet, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Json]:
    """A bundle of each family, and what its training returned."""
    place = tmp_path_factory.mktemp(request.param)
    said: list[Progress] = []
    out = _train(request.param, FAMILIES[request.param], data, place, said.append)
    (place / "progress.json").write_text(json.dumps([asdict(progress) for progress in said]))
    return place, out


def test_a_trained_bundle_serves_and_is_right_more_often_than_chance(
    made: tuple[Path, Json], data: TrainingSet
) -> None:
    predictor = bundles.load(made[0] / "bundle")
    pictures = [decode(Path(example.path).read_bytes(), shrink_to=32) for example in data.calibration]
    found = predictor.predict(pictures).probabilities.argmax(axis=1)
    assert (found == [example.target for example in data.calibration]).mean() > 0.5


def test_the_metrics_are_those_of_the_served_model(made: tuple[Path, Json], data: TrainingSet) -> None:
    predictor = bundles.load(made[0] / "bundle")
    pictures = [decode(Path(example.path).read_bytes(), shrink_to=32) for example in data.calibration]
    found = predictor.predict(pictures).probabilities.argmax(axis=1)
    right = (found == [example.target for example in data.calibration]).mean()
    assert made[1]["metrics"]["calibration"]["accuracy"]["value"] == pytest.approx(right)


def test_a_bundle_holds_all_that_serving_and_going_on_need(made: tuple[Path, Json]) -> None:
    manifest = bundle_format.read(made[0] / "bundle")
    everywhere = {"model.onnx", "weights.safetensors", "reference.npz", "card.md", "__main__.py"}
    assert set(manifest.files) == everywhere | BESIDE.get(manifest.family, set())
    assert (manifest.snapshot, manifest.task, manifest.params["backbone"]) == ("abc", "classify", "test_resnet")
    assert json.dumps(made[1])


def test_the_card_says_what_it_was_made_of(made: tuple[Path, Json]) -> None:
    card = (made[0] / "bundle" / "card.md").read_text()
    assert all(said in card for said in ("stripes, checks, plain", "from scratch", "train: 36", "ECE"))


def test_the_exported_model_holds_no_path_of_this_machine(made: tuple[Path, Json]) -> None:
    data = (made[0] / "bundle" / "model.onnx").read_bytes()
    assert b".py" not in data
    assert str(Path.cwd()).encode() not in data


def test_familiar_pictures_are_not_all_off_domain(made: tuple[Path, Json], data: TrainingSet) -> None:
    predictor = bundles.load(made[0] / "bundle")
    pictures = [decode(Path(example.path).read_bytes(), shrink_to=32) for example in data.calibration]
    shares = [share for share in predictor.predict(pictures).off_domain if share is not None]
    assert len(shares) == len(pictures)
    assert np.mean(shares) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("made", ["transfer"], indirect=True)
def test_every_epoch_is_reported_once_with_its_figures(made: tuple[Path, Json]) -> None:
    said = json.loads((made[0] / "progress.json").read_text())
    epochs = [progress["figures"] for progress in said if "epoch" in progress["figures"]]
    assert [figures["epoch"] for figures in epochs] == list(range(1, len(made[1]["history"]) + 1))
    assert all({"loss", "lr", "calibration_loss", "calibration_accuracy"} <= set(figures) for figures in epochs)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_one_class_alone_is_refused(name: str, data: TrainingSet, tmp_path: Path) -> None:
    only = tuple(example for example in data.train if example.target == 0)
    with pytest.raises(Rejected, match="two classes"):
        _train(name, FAMILIES[name], TrainingSet(data.classes, only, ()), tmp_path)


@pytest.mark.parametrize("name", ["linear", "boosted"])
def test_a_class_that_has_no_training_picture_is_never_answered(name: str, data: TrainingSet, tmp_path: Path) -> None:
    without = tuple(example for example in data.train if example.target != 1)
    _train(name, FAMILIES[name], TrainingSet(data.classes, without, data.calibration), tmp_path)
    pictures = [decode(Path(example.path).read_bytes(), shrink_to=32) for example in data.calibration]
    probabilities = bundles.load(tmp_path / "bundle").predict(pictures).probabilities
    assert (probabilities.argmax(axis=1) != 1).all()


def test_patience_stops_early_and_says_so(data: TrainingSet, tmp_path: Path) -> None:
    said: list[str] = []
    values = {**RESUMED, "epochs": 30, "patience": 1, "lr": 0.5}
    out = _train("transfer", values, data, tmp_path, lambda progress: said.append(progress.message))
    assert len(out["history"]) < 30
    assert any("stopped early" in message for message in said)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_without_calibration_pictures_it_trains_and_claims_no_figures(
    name: str, data: TrainingSet, tmp_path: Path
) -> None:
    values = {"transfer": {**RESUMED, "epochs": 1}}.get(name, FAMILIES[name])
    out = _train(name, values, TrainingSet(data.classes, data.train, ()), tmp_path)
    assert out["metrics"]["calibration"] == {}
    manifest = bundle_format.read(tmp_path / "bundle")
    assert manifest.temperature == 1.0


def test_a_training_whose_loss_is_no_number_is_refused_and_says_what_to_do(data: TrainingSet, tmp_path: Path) -> None:
    state = create(TransferParams(backbone="test_resnet"), Source("none")).module.state_dict()
    torch.save({name: tensor * float("nan") for name, tensor in state.items()}, tmp_path / "broken.pth")
    values = {**RESUMED, "weights": str(tmp_path / "broken.pth"), "lr": 0.25, "epochs": 1}
    with pytest.raises(Rejected, match="diverged") as caught:
        _train("transfer", values, TrainingSet(data.classes, data.train, ()), tmp_path)
    assert "lower lr than 0.25" in caught.value.hint


def test_a_cancelled_training_leaves_no_bundle(data: TrainingSet, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if "epoch" in progress.figures:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        _train("transfer", RESUMED, data, tmp_path, stop)
    assert not (tmp_path / "bundle").exists()


KILLED = """
import json, os, signal, sys
import torch
torch.set_num_threads(1)
from pathlib import Path
from sightloop import families
from sightloop.core.entities import Example, TrainingSet
said = json.loads(sys.stdin.read())
sides = [tuple(Example(*row) for row in said[side]) for side in ("train", "calibration")]

def report(progress):
    if progress.message.startswith("epoch 2 of 3: loss"):
        os.kill(os.getpid(), signal.SIGKILL)

place = Path(said["place"])
families.get("transfer").train(
    TrainingSet(tuple(said["classes"]), *sides), families.params("transfer", said["params"]),
    folder=place / "bundle", work=place / "work", report=report, context=said["context"],
)
"""


def _killed(data: TrainingSet, place: Path) -> None:
    def rows(examples: tuple[Example, ...]) -> list[Any]:
        return [list(asdict(example).values()) for example in examples]

    said = {
        "train": rows(data.train), "calibration": rows(data.calibration), "classes": data.classes, "context": CONTEXT,
        "params": RESUMED, "place": str(place),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", KILLED], input=json.dumps(said), capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_training_killed_in_its_second_epoch_ends_exactly_as_one_left_alone(
    data: TrainingSet, tmp_path: Path
) -> None:
    _killed(data, tmp_path / "killed")
    epochs: list[float] = []
    resumed = _train(
        "transfer", RESUMED, data, tmp_path / "killed",
        lambda progress: epochs.append(progress.figures["epoch"]) if "epoch" in progress.figures else None,
    )  # fmt: skip
    alone = _train("transfer", RESUMED, data, tmp_path / "alone")
    assert epochs == [3]
    assert resumed["history"] == alone["history"]
    assert resumed["metrics"]["calibration"] == alone["metrics"]["calibration"]
    for name in ("weights.safetensors", "model.onnx", "reference.npz"):
        first, second = (tmp_path / place / "bundle" / name for place in ("killed", "alone"))
        assert first.read_bytes() == second.read_bytes(), name
