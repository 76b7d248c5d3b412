"""Boosted trees in memory: they answer as LightGBM does, alone or from an embedding that another bundle made."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.bundles.boosted import BOOSTER, LAYER, Boosted
from sightloop.bundles.classifier import Classifier
from sightloop.bundles.trees import Trees
from sightloop.core.arrays import Pixels
from sightloop.core.errors import BadBundle

WIDTH = 3
Points = NDArray[np.float32]


def _points(count: int, *, seed: int = 0) -> Points:
    found = np.random.default_rng(seed).normal(size=(count, WIDTH))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def _grown(classes: int, **settings: Any) -> lightgbm.Booster:
    points = _points(200)
    truth = np.abs(points).argmax(axis=1) % classes
    several = {"objective": "multiclass", "num_class": classes} if classes > 2 else {"objective": "binary"}
    fixed = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3, **settings}
    return lightgbm.train({**several, **fixed}, lightgbm.Dataset(points, truth), 12)


@pytest.fixture
def boosted(bundle: Path) -> Path:
    """The folder of a bundle whose layer is that of the model of colours, with trees on top."""
    model = onnx.load(str(bundle / "model.onnx"))
    del model.graph.node[-1], model.graph.output[0], model.graph.initializer[:]
    onnx.save(model, str(bundle / "model.onnx"))
    np.savez(bundle / LAYER, weight=10 * np.eye(3, dtype=np.float32), bias=np.zeros(3, np.float32))
    (bundle / BOOSTER).write_text(_grown(3).model_to_string())
    bundle_format.write(bundle, replace(bundle_format.parse(bundle), family="boosted"))
    return bundle


def _pictures(count: int) -> list[Pixels]:
    return list(np.random.default_rng(1).integers(0, 256, (count, 20, 30, 3), dtype=np.uint8))


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("settings", [{}, {"num_leaves": 2}, {"max_depth": 9, "num_leaves": 60}])
def test_the_trees_sum_to_what_lightgbm_says(classes: int, settings: dict[str, int]) -> None:
    booster, points = _grown(classes, **settings), _points(300, seed=9)
    expected = np.asarray(booster.predict(points, raw_score=True)).reshape(len(points), -1)
    assert np.allclose(Trees.parse(booster.model_to_string())(points), expected, rtol=0, atol=1e-12)


def test_trees_without_a_single_decision_say_the_same_of_everything() -> None:
    trees = Trees.parse(_grown(3, min_data_in_leaf=1000).model_to_string())
    assert (trees(_points(5)) == trees(_points(1))).all()


def test_no_embeddings_get_no_scores() -> None:
    assert Trees.parse(_grown(3).model_to_string())(_points(0)).shape == (0, 3)


def test_what_it_answers_is_the_layer_and_the_trees_together(boosted: Path) -> None:
    predictor = Boosted(boosted)
    logits, embeddings = predictor.raw(_pictures(4))
    trees = lightgbm.Booster(model_file=str(boosted / BOOSTER)).predict(embeddings, raw_score=True)
    assert np.allclose(logits, 10 * embeddings + np.asarray(trees), atol=1e-5)


def test_it_answers_from_the_embedding_that_another_bundle_made(boosted: Path) -> None:
    predictor = Boosted(boosted)
    logits, embeddings = predictor.raw(_pictures(4))
    assert np.array_equal(predictor.logits_of(embeddings), logits)


def test_embeddings_of_another_width_are_refused(boosted: Path) -> None:
    with pytest.raises(BadBundle, match="takes 3 numbers, not 4"):
        Boosted(boosted).logits_of(np.zeros((1, 4), np.float32))


def test_two_classes_get_opposite_logits_of_one_score(boosted: Path) -> None:
    (boosted / BOOSTER).write_text(_grown(2).model_to_string())
    np.savez(boosted / LAYER, weight=np.zeros((2, 3), np.float32), bias=np.zeros(2, np.float32))
    bundle_format.write(boosted, replace(bundle_format.parse(boosted), classes=("red", "blue")))
    logits = bundles.load(boosted).raw(_pictures(5))[0]  # type: ignore[attr-defined]
    assert np.allclose(logits[:, 0], -logits[:, 1])
    assert np.ptp(logits) > 0


def test_its_family_is_loaded_with_its_trees(boosted: Path) -> None:
    predictor = bundles.load(boosted)
    assert isinstance(predictor, Boosted)
    assert isinstance(predictor, Classifier)
    found = predictor.predict(_pictures(3))
    assert np.allclose(found.probabilities.sum(axis=1), 1)
    assert all(share is not None for share in found.off_domain)


def test_four_threads_get_the_answers_that_one_gets(boosted: Path) -> None:
    predictor = bundles.load(boosted)
    alone = [predictor.predict([picture]).probabilities for picture in _pictures(24)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: predictor.predict([picture]).probabilities, _pictures(24)))
    assert np.array_equal(alone, together)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("left_child=", "left_child=99 "),  # leads out of the tree
        ("left_child=1", "left_child=0"),  # leads back
        ("split_feature=", "split_feature=-1 "),
        ("decision_type=2", "decision_type=1"),  # a category
        ("leaf_value=", "leaf_value=nan "),
        ("num_leaves=", "num_leaves=1"),
        ("num_cat=0", "num_cat=1"),
        ("is_linear=0", "is_linear=1"),
        ("num_tree_per_iteration=3", "num_tree_per_iteration=7"),
        ("Tree=", "Bush="),
    ],
)
def test_a_text_that_is_not_whole_trees_is_refused(boosted: Path, written: str, instead: str) -> None:
    text = (boosted / BOOSTER).read_text()
    assert written in text
    (boosted / BOOSTER).write_text(text.replace(written, instead))
    bundle_format.write(boosted, bundle_format.parse(boosted))
    with pytest.raises(BadBundle, match=BOOSTER):
        bundles.load(boosted)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (3,)])
def test_a_layer_that_does_not_belong_to_the_trees_is_refused(boosted: Path, shape: tuple[int, ...]) -> None:
    np.savez(boosted / LAYER, weight=np.zeros(shape, np.float32), bias=np.zeros(3, np.float32))
    bundle_format.write(boosted, bundle_format.parse(boosted))
    with pytest.raises(BadBundle, match=LAYER):
        bundles.load(boosted)


def test_a_missing_layer_is_refused(boosted: Path) -> None:
    (boosted / LAYER).unlink()
    bundle_format.write(boosted, bundle_format.parse(boosted))
    with pytest.raises(BadBundle, match=LAYER):
        bundles.load(boosted)


def test_serving_trees_imports_neither_lightgbm_nor_scipy() -> None:
    code = (
        "import sys, sightloop.bundles.boosted;"
        "print([name for name in ('lightgbm', 'torch', 'sklearn', 'scipy', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
