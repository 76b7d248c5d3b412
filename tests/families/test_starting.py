"""A training of a classifier may begin with what the live model has learnt: its encoder, and its head where it fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sightloop import families
from sightloop.core.entities import Example, Json, TrainingSet
from sightloop.core.errors import Rejected
from sightloop.families import preparing, starting
from sightloop.families.parameters import TransferParams
from sightloop.families.weights import read

PARAMS: dict[str, Any] = {
    "backbone": "test_resnet", "weights": "none", "input_size": 32, "batch": 12, "epochs": 1, "freeze": "none",
    "hidden": 24, "precision": "fp32",
}  # fmt: skip


@pytest.fixture(scope="module")
def live(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle that was trained a little."""
    place = tmp_path_factory.mktemp("live")
    context: Json = {"weights_dir": "", "snapshot": "abc", "created_at": 1_700_000_000.0}
    families.get("transfer").train(
        data, families.params("transfer", PARAMS), folder=place / "bundle", work=place / "work", report=print,
        context=context,
    )  # fmt: skip
    return place / "bundle"


def prepared(live: Path | None, classes: tuple[str, ...], **values: Any) -> preparing.Ready:
    params: TransferParams = families.params("transfer", {**PARAMS, "weights": "live", **values})
    return preparing.prepare(params, classes=classes, context={"weights_dir": "", "live": live and str(live)})


def test_it_begins_exactly_where_the_live_model_ended(live: Path, data: TrainingSet) -> None:
    network = prepared(live, data.classes).network
    kept = read(live / "weights.safetensors")
    state = network.state_dict()
    assert state.keys() == kept.keys()
    assert all(torch.equal(state[name], kept[name]) for name in kept)


def test_a_further_class_keeps_the_encoder_and_begins_a_new_head(live: Path, data: TrainingSet) -> None:
    network = prepared(live, (*data.classes, "dots")).network
    kept, state = read(live / "weights.safetensors"), network.state_dict()
    assert all(torch.equal(state[name], kept[name]) for name in kept if name.startswith(starting.BODY))
    assert state["head.4.weight"].shape[0] == len(data.classes) + 1


def test_the_live_model_decides_on_the_input_and_the_width_of_the_head(live: Path, data: TrainingSet) -> None:
    params = prepared(live, data.classes, input_size=64, hidden=100).params
    assert (params.input_size, params.hidden) == (32, 24)


def test_another_backbone_than_the_live_one_is_refused_by_name(live: Path, data: TrainingSet) -> None:
    with pytest.raises(Rejected, match="encoder is test_resnet, not mobilenetv3_small_100"):
        prepared(live, data.classes, backbone="mobilenetv3_small_100")


def test_without_a_live_model_there_is_nothing_to_begin_with(data: TrainingSet) -> None:
    with pytest.raises(Rejected, match="no live model"):
        prepared(None, data.classes)


def test_learning_on_gently_changes_the_answers_little(live: Path, data: TrainingSet, tmp_path: Path) -> None:
    context: Json = {"weights_dir": "", "snapshot": "abc", "created_at": 1_700_000_000.0, "live": str(live)}
    asked = families.params("transfer", {**PARAMS, "weights": "live", "lr": 1e-6, "augment": False})
    family = families.get("transfer")
    family.train(data, asked, folder=tmp_path / "bundle", work=tmp_path / "work", report=print, context=context)
    before, after = (probabilities(folder, data.calibration) for folder in (live, tmp_path / "bundle"))
    assert np.abs(after - before).max() < 0.2
    assert np.abs(after - before).max() > 0


def probabilities(folder: Path, pictures: tuple[Example, ...]) -> Any:
    from sightloop import bundles
    from sightloop.vision.decode import decode

    predictor = bundles.load(folder)
    return predictor.predict([decode(Path(one.path).read_bytes(), shrink_to=32) for one in pictures]).probabilities
