"""An 8-bit copy is kept only where it answers as well, and every machine may choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from sightloop import bundles, families
from sightloop.bundles import format as bundle_format
from sightloop.bundles.boosted import Boosted
from sightloop.bundles.classifier import Classifier
from sightloop.core.entities import Json, TrainingSet
from sightloop.families.quantise import compared, left_alone
from sightloop.vision.decode import decode

SMALL: dict[str, Any] = {"backbone": "test_resnet", "weights": "none", "input_size": 32, "int8": True}
FAMILIES: dict[str, dict[str, Any]] = {
    "linear": SMALL,
    "boosted": {**SMALL, "search": "none", "rounds": 5},
    "transfer": {**SMALL, "epochs": 1, "freeze": "none", "views": 1},
}
FIGURES = {"kept", "reason", "n", "accuracy", "accuracy_int8", "drop", "cosine", "ms", "ms_int8", "bytes", "bytes_int8"}


def _train(name: str, data: TrainingSet, place: Path, **values: Any) -> Json:
    found: Json = families.get(name).train(
        data,
        families.params(name, {**FAMILIES[name], **values}),
        folder=place / "bundle",
        work=place / "work",
        report=lambda _: None,
        context={"weights_dir": ""},
    )["metrics"]["int8"]
    return found


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_copy_is_made_judged_and_served_by_every_family(name: str, data: TrainingSet, tmp_path: Path) -> None:
    found = _train(name, data, tmp_path)
    assert set(found) == FIGURES
    assert (found["n"], found["kept"]) == (18, found["drop"] < 0.005 and found["cosine"] >= 0.99)
    assert found["bytes_int8"] < found["bytes"]
    assert ("model.int8.onnx" in bundle_format.read(tmp_path / "bundle").files) == found["kept"]
    assert bundles.load(tmp_path / "bundle").predict([np.zeros((40, 40, 3), np.uint8)]).probabilities.sum() == (
        pytest.approx(1)
    )


@pytest.fixture(scope="module")
def kept(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with both graphs."""
    place = tmp_path_factory.mktemp("kept")
    assert _train("linear", data, place)["kept"]
    return place / "bundle"


def test_both_graphs_answer_alike_and_each_can_be_asked_for(kept: Path, data: TrainingSet) -> None:
    pictures = [decode(Path(one.path).read_bytes(), shrink_to=32) for one in data.calibration]
    full, small = (Classifier(kept, precision=name) for name in ("fp32", "int8"))
    first, second = full.raw(pictures), small.raw(pictures)
    assert (full.precision, small.precision) == ("fp32", "int8")
    assert (first[0].argmax(axis=1) == second[0].argmax(axis=1)).mean() > 0.9
    assert (first[1] * second[1]).sum(axis=1).mean() > 0.99
    assert Classifier(kept).precision in ("fp32", "int8")


def test_the_card_shows_both_side_by_side(kept: Path) -> None:
    card = (kept / "card.md").read_text()
    assert "## 8-bit copy" in card
    assert "| Accuracy on 18 calibration pictures |" in card


def test_the_copy_answers_in_float_and_its_head_stays_in_float(kept: Path) -> None:
    graph = onnx.load(str(kept / "model.int8.onnx")).graph
    assert {output.type.tensor_type.elem_type for output in graph.output} == {onnx.TensorProto.FLOAT}
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("QuantizeLinear") > 5
    alone = left_alone(onnx.load(str(kept / "model.onnx")).graph)
    assert alone


def test_without_calibration_pictures_no_copy_is_kept(data: TrainingSet, tmp_path: Path) -> None:
    found = _train("linear", TrainingSet(data.classes, data.train, ()), tmp_path)
    assert (found["kept"], found["n"]) == (False, 0)
    assert "calibration picture" in (tmp_path / "bundle" / "card.md").read_text()
    assert Classifier(tmp_path / "bundle").precision == "fp32"


def test_nobody_who_did_not_ask_gets_a_copy(data: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        _train("linear", data, tmp_path, int8=False)
    assert not (tmp_path / "bundle" / "model.int8.onnx").exists()


def test_trees_run_on_the_copy_too(data: TrainingSet, tmp_path: Path) -> None:
    if _train("boosted", data, tmp_path)["kept"]:
        assert Boosted(tmp_path / "bundle", precision="int8").precision == "int8"


def test_a_cascade_holds_of_each_member_only_the_graph_that_was_certified(
    kept: Path, data: TrainingSet, tmp_path: Path
) -> None:
    members = {role: {"version": number, "folder": str(kept)} for number, role in enumerate(("fast", "accurate"), 1)}
    families.get("cascade").train(
        data,
        families.params("cascade", {}),
        folder=tmp_path / "bundle",
        work=tmp_path / "work",
        report=lambda _: None,
        context={"members": members},
    )
    for role in members:
        assert len(list((tmp_path / "bundle" / role).glob("*.onnx"))) == 1
    assert bundles.load(tmp_path / "bundle").predict([np.zeros((40, 40, 3), np.uint8)]).routes


def test_a_transformer_can_be_copied_too(data: TrainingSet, tmp_path: Path) -> None:
    found = _train("linear", data, tmp_path, backbone="test_vit", input_size=160)
    assert found["bytes_int8"] < found["bytes"]


TRUTH = np.arange(400) % 2
SURE = np.where(np.arange(2)[None] == TRUTH[:, None], 5.0, 0.0).astype(np.float32)
ALIKE = np.tile(np.array([[0.6, 0.8]], np.float32), (400, 1))


@pytest.mark.parametrize(("wrong", "kept_then"), [(0, True), (1, True), (2, False), (40, False)])
def test_half_a_point_of_accuracy_is_too_much_to_lose(wrong: int, kept_then: bool) -> None:
    logits = SURE.copy()
    logits[:wrong] = logits[:wrong, ::-1]
    found = compared((SURE, ALIKE), (logits, ALIKE), TRUTH)
    assert found["kept"] is kept_then
    assert found["drop"] == pytest.approx(wrong / 400)
    assert (found["reason"] is None) is kept_then


def test_a_copy_whose_embeddings_point_elsewhere_or_that_gives_no_numbers_is_refused() -> None:
    turned, nothing = ALIKE[:, ::-1], np.full_like(SURE, np.nan)
    assert "comparable" in compared((SURE, ALIKE), (SURE, turned), TRUTH)["reason"]
    assert "finite" in compared((SURE, ALIKE), (nothing, ALIKE), TRUTH)["reason"]
