"""Two trained models become a cascade that promises only what its pictures certify."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnx
import pytest

from sightloop import bundles, families
from sightloop.bundles import format as bundle_format
from sightloop.bundles import reference
from sightloop.bundles.boosted import BOOSTER, LAYER
from sightloop.core.entities import Example, Json, Progress, TrainingSet
from sightloop.core.errors import Cancelled, Rejected
from sightloop.vision.decode import decode
from tests import tiny

NAMES = tuple(tiny.COLOURS)
CERTIFYING = 60  # of each class: 180 in all, more than the 149 that 2 % needs


def _pictures(folder: Path, *, count: int, seed: int) -> tuple[Example, ...]:
    found = []
    for target, name in enumerate(NAMES):
        for number in range(seed, seed + count):
            path = folder / f"{name}-{number}.jpg"
            path.write_bytes(tiny.picture(name, seed=number))
            found.append(Example(path.stem, str(path), target, path.stem))
    return tuple(found)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    folder = tmp_path_factory.mktemp("colours")
    sides = [_pictures(folder, count=count, seed=seed) for count, seed in ((2, 0), (8, 100), (CERTIFYING, 200))]
    return TrainingSet(NAMES, *sides)


@pytest.fixture
def members(tmp_path: Path) -> Json:
    """Version 1, not sure of much, and version 2, whose classes stand in another order; both are always right."""
    tiny.bundle(tmp_path / "fast", sharpness=2.0)
    tiny.bundle(tmp_path / "accurate", tuple(reversed(NAMES)), sharpness=8.0)
    return {role: {"version": number, "folder": str(tmp_path / role)} for number, role in enumerate(ROLES, 1)}


ROLES = ("fast", "accurate")


def _confuse(folder: str, *names: str) -> None:
    """Let the bundle call its classes by these names in turn, so that it is always wrong about those that moved."""
    manifest = bundle_format.parse(Path(folder))
    bundle_format.write(Path(folder), replace(manifest, classes=names))


def _train(data: TrainingSet, place: Path, members: Json, report: Any = lambda _: None, **values: Any) -> Json:
    context = {"members": members, "snapshot": "abc", "created_at": 1_700_000_000.0}
    params = families.params("cascade", values)
    family = families.get("cascade")
    out = family.train(data, params, folder=place / "made", work=place / "work", report=report, context=context)
    found: Json = json.loads(json.dumps(out))
    return found


def _routes(folder: Path, examples: tuple[Example, ...]) -> Counter[str]:
    predictor = bundles.load(folder)
    pictures = [decode(Path(one.path).read_bytes(), shrink_to=predictor.input_size) for one in examples]
    return Counter(predictor.predict(pictures).routes)


def test_a_fast_member_that_loses_nothing_answers_everything(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    found = _train(data, tmp_path, members)["certificate"]
    assert (found["n"], found["k"], found["share_fast"], found["reason"]) == (180, 0, 1.0, None)
    assert found["bound"] <= found["epsilon"]
    assert _routes(tmp_path / "made", data.certification) == {"fast": 180}
    assert f"From a confidence of {found['threshold']:.4f} on" in (tmp_path / "made" / "card.md").read_text()


def test_what_is_served_is_what_was_certified(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    _confuse(members["fast"]["folder"], "green", "red", "blue")
    found = _train(data, tmp_path, members, epsilon=0.3)["certificate"]
    assert 0 < found["share_fast"] < 1
    routes = _routes(tmp_path / "made", data.certification)
    assert routes["fast"] == round(found["share_fast"] * 180)


def test_too_few_pictures_make_a_bundle_that_defers_everything_and_counts_what_is_missing(
    data: TrainingSet, members: Json, tmp_path: Path
) -> None:
    few = replace(data, certification=data.certification[:40])
    found = _train(few, tmp_path, members)["certificate"]
    assert found["threshold"] is None
    assert "40 pictures certify, 149 are needed for 2 % at 95 %: 109 more" in found["reason"]
    assert _routes(tmp_path / "made", few.certification) == {"accurate": 40}
    assert found["reason"] in (tmp_path / "made" / "card.md").read_text()


def test_enough_pictures_of_which_the_surest_cost_something_are_told_apart_from_too_few(
    data: TrainingSet, members: Json, tmp_path: Path
) -> None:
    _confuse(members["fast"]["folder"], "green", "blue", "red")
    found = _train(data, tmp_path, members)["certificate"]
    assert found["threshold"] is None
    assert "even the surest of the 180" in found["reason"]


def test_no_pictures_at_all_to_certify_with_still_make_a_valid_bundle(
    data: TrainingSet, members: Json, tmp_path: Path
) -> None:
    found = _train(replace(data, calibration=(), certification=()), tmp_path, members, human=0.05)
    assert (found["certificate"]["n"], found["certificate"]["temperature"]) == (0, 1.0)
    assert (found["metrics"]["calibration"], found["certificate"]["members"]["fast"]["accuracy"]) == ({}, None)
    assert _routes(tmp_path / "made", data.calibration) == {"human": 24}


def test_near_copies_are_no_evidence_of_their_own(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    copies = tuple(replace(one, group_id=str(number // 2)) for number, one in enumerate(data.certification))
    assert _train(replace(data, certification=copies), tmp_path, members)["certificate"]["n"] == 90


def test_the_temperature_never_sees_the_pictures_that_certify(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    mislabelled = tuple(replace(one, target=0) for one in data.certification)
    found = [
        _train(some, tmp_path, members)["certificate"]["temperature"]
        for some in (data, replace(data, certification=mislabelled))
    ]
    assert found[0] == found[1] != 1.0
    assert bundle_format.parse(tmp_path / "made" / "fast").temperature == found[0]
    assert bundle_format.parse(tmp_path / "made" / "accurate").temperature == 1.0


def test_without_labels_every_disagreement_counts(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    """The accurate member errs wherever the fast one is right: it mends nothing, and they always disagree there."""
    _confuse(members["accurate"]["folder"], "green", "red", "blue")
    labelled = _train(data, tmp_path, members)["certificate"]
    unlabelled = _train(data, tmp_path, members, labelled=False)["certificate"]
    assert (labelled["share_fast"], labelled["form"]) == (1.0, "labelled")
    assert (unlabelled["share_fast"], unlabelled["form"]) == (0.0, "label-free")


def test_with_a_human_band_each_promise_has_half_of_delta(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    found = _train(data, tmp_path, members, human=0.05, epsilon=0.03, delta=0.1)["certificate"]
    assert (found["needed"], found["human"]["needed"]) == (99, 59)  # at 95 % each
    assert (found["human"]["share"], found["human"]["k"]) == (0.0, 0)


def test_the_histogram_holds_every_certifying_picture_once(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    _confuse(members["fast"]["folder"], "green", "red", "blue")
    rows = _train(data, tmp_path, members)["certificate"]["histogram"]
    assert [sum(row[name] for row in rows) for name in ("n", "wrong", "rescued")] == [180, 120, 120]


def test_the_cost_is_what_the_members_cost_together(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    found = _train(data, tmp_path, members, audit=0.5)["certificate"]
    cost = found["cost"]
    assert cost["cascade_ms"] == pytest.approx(cost["fast_ms"] + 0.5 * cost["extra_ms"])
    assert cost["saved_share"] == pytest.approx(1 - cost["cascade_ms"] / cost["accurate_ms"])
    assert (found["members"]["fast"]["ms"], found["members"]["accurate"]["version"]) == (cost["fast_ms"], 2)


def test_the_bundle_holds_of_its_members_what_serving_needs(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    for role in ROLES:
        folder = Path(members[role]["folder"])
        (folder / "plots").mkdir()
        for name in ("plots/roc.svg", "weights.safetensors"):
            (folder / name).write_text("large")
        bundle_format.write(folder, bundle_format.parse(folder))
    _train(data, tmp_path, members)
    kept = {f"{role}/{name}" for role in ROLES for name in ("manifest.json", "model.onnx")}
    manifest = bundle_format.read(tmp_path / "made")
    assert kept == {name for name in manifest.files if "/" in name}
    assert (manifest.family, manifest.snapshot, manifest.backbone) == ("cascade", "abc", "mean-colour → mean-colour")
    assert (manifest.params["fast"], manifest.params["accurate"]) == ("1", "2")


def test_the_fast_members_reference_follows_its_new_temperature(
    data: TrainingSet, members: Json, tmp_path: Path
) -> None:
    folder, points = Path(members["fast"]["folder"]), np.eye(3, dtype=np.float32).repeat(8, 0)
    logits = np.random.default_rng(0).normal(0, 2, (24, 3))
    arrays = reference.build(points, [0, 1, 2] * 8, held_out=points, probabilities=_softmax(logits))
    reference.save(folder / "reference.npz", arrays)
    bundle_format.write(folder, bundle_format.parse(folder))
    temperature = _train(data, tmp_path, members)["certificate"]["temperature"]
    with np.load(tmp_path / "made" / "fast" / "reference.npz") as found:
        assert found["probabilities"] == pytest.approx(_softmax(logits / temperature), abs=1e-6)


def _softmax(logits: Any) -> Any:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_a_member_with_other_classes_is_refused_by_name(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    _confuse(members["accurate"]["folder"], "red", "green", "violet")
    with pytest.raises(Rejected, match=r"version 2 .* blue, violet"):
        _train(data, tmp_path, members)


def test_a_cancelled_cascade_leaves_no_bundle(data: TrainingSet, members: Json, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.message.startswith("certifying: 64"):
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        _train(data, tmp_path, members, stop)
    assert not (tmp_path / "made").exists()


def _boost(folder: Path) -> None:
    """Make the tiny bundle one of boosted trees on its embedding, with classes in the usual order."""
    model = onnx.load(str(folder / "model.onnx"))
    del model.graph.node[-1], model.graph.output[0], model.graph.initializer[:]
    onnx.save(model, str(folder / "model.onnx"))
    points = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    settings = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    grown = lightgbm.train(settings, lightgbm.Dataset(points, points.argmax(axis=1)), 5)
    (folder / BOOSTER).write_text(grown.model_to_string())
    np.savez(folder / LAYER, weight=8 * np.eye(3, dtype=np.float32), bias=np.zeros(3, np.float32))
    bundle_format.write(folder, replace(bundle_format.parse(folder), family="boosted", classes=NAMES))


@pytest.mark.parametrize("encoders", [("same", "same"), ("same", "other"), (None, None)])
def test_only_members_with_one_encoder_share_its_embedding_and_all_answer_the_same(
    encoders: tuple[str | None, ...], data: TrainingSet, members: Json, tmp_path: Path
) -> None:
    _boost(tmp_path / "accurate")
    for role, encoder in zip(ROLES, encoders, strict=True):
        bundle_format.write(tmp_path / role, replace(bundle_format.parse(tmp_path / role), encoder=encoder))
    few = replace(data, certification=data.certification[:9])
    cost = _train(few, tmp_path, members)["certificate"]["cost"]
    assert cost["shared_encoder"] == (encoders == ("same", "same"))
    pictures = [decode(Path(one.path).read_bytes(), shrink_to=tiny.SIZE) for one in data.calibration]
    found, alone = (bundles.load(tmp_path / name).predict(pictures) for name in ("made", "accurate"))
    assert set(found.routes) == {"accurate"}
    assert found.probabilities == pytest.approx(alone.probabilities, abs=1e-6)


def test_certifying_needs_no_torch() -> None:
    program = "import sys; from sightloop import families; families.get('cascade'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
