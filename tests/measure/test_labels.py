"""Tests of the class figures, against scikit-learn and by hand."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.measure.calibration import ece, softmax
from sightloop.measure.labels import FIGURES, roc_curves, score


def _case(count: int, classes: int, *, seed: int = 0, coarse: bool = False) -> tuple[Any, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, classes, count)
    logits = rng.normal(size=(count, classes)) + 1.5 * np.eye(classes)[targets]
    return softmax(logits.round(0) if coarse else logits), targets


def _score(probabilities: Any, targets: Any, *, floor: float = 0.5, groups: Any = None, resamples: int = 0) -> Json:
    names = [f"class {index}" for index in range(np.shape(probabilities)[1])]
    units = [str(row) for row in range(len(targets))] if groups is None else groups
    targets = np.asarray(targets, dtype=np.int64)
    return score(np.asarray(probabilities), targets, classes=names, groups=units, floor=floor, resamples=resamples)


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("coarse", [False, True], ids=["distinct", "tied"])
def test_the_figures_agree_with_scikit_learn(classes: int, coarse: bool) -> None:
    probabilities, targets = _case(300, classes, coarse=coarse)
    found, answers = _score(probabilities, targets), probabilities.argmax(axis=1)
    averages = metrics.precision_recall_fscore_support(targets, answers, average="macro", zero_division=0)
    scores = probabilities[:, 1] if classes == 2 else probabilities
    assert found["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(targets, answers))
    assert [found[f"macro_{n}"]["value"] for n in ("precision", "recall", "f1")] == pytest.approx(averages[:3])
    assert found["roc_auc"]["value"] == pytest.approx(metrics.roc_auc_score(targets, scores, multi_class="ovr"))
    assert found["ece"]["value"] == pytest.approx(ece(probabilities, targets))
    assert found["confusion"] == metrics.confusion_matrix(targets, answers).tolist()


def test_macro_figures_are_means_over_the_classes_present() -> None:
    probabilities, targets = _case(60, 4)
    kept = targets < 3
    found = _score(probabilities[kept], targets[kept])
    answers = probabilities[kept].argmax(axis=1)
    expected = metrics.f1_score(targets[kept], answers, labels=[0, 1, 2], average="macro")
    assert found["macro_f1"]["value"] == pytest.approx(expected)
    assert found["per_class"][3] == {
        "class": "class 3",
        "n": 0,
        **dict.fromkeys(("precision", "recall", "f1")),
        "intervals": {key: [None, None] for key in ("precision", "recall", "f1")},
    }


def test_per_class_figures_agree_with_scikit_learn() -> None:
    probabilities, targets = _case(200, 5)
    rows = _score(probabilities, targets)["per_class"]
    expected = metrics.precision_recall_fscore_support(targets, probabilities.argmax(axis=1), zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "n"), expected, strict=True):
        assert [row[name] for row in rows] == pytest.approx(values.tolist())


def test_a_class_that_is_never_answered_has_precision_zero() -> None:
    found = _score([[0.9, 0.1], [0.8, 0.2]], [0, 1])
    assert found["per_class"][1]["precision"] == 0.0
    assert found["macro_precision"]["value"] == 0.25


def test_accuracy_is_of_the_arg_max_even_where_the_answer_is_unknown() -> None:
    found = _score([[0.6, 0.4], [0.95, 0.05]], [0, 0], floor=0.9)
    assert found["accuracy"]["value"] == 1.0
    assert found["unknown_share"]["value"] == 0.5


def test_a_confidence_of_exactly_the_floor_is_an_answer() -> None:
    assert _score([[0.5, 0.5]], [0], floor=0.5)["unknown_share"]["value"] == 0.0


def test_one_class_alone_has_no_roc_auc() -> None:
    assert _score([[0.6, 0.4], [0.7, 0.3]], [0, 0])["roc_auc"]["value"] is None


def test_no_pictures_give_no_figures_but_the_same_keys() -> None:
    nothing, something = _score(np.zeros((0, 3)), []), _score(*_case(9, 3))
    assert nothing.keys() == something.keys()
    assert all(nothing[name]["value"] is None for name in FIGURES)
    assert nothing["confusion"] == [[0] * 3] * 3


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 99))
def test_every_interval_holds_its_value_and_stays_in_0_to_1(count: int, classes: int, seed: int) -> None:
    probabilities, targets = _case(count, classes, seed=seed)
    found = _score(probabilities, targets, groups=[str(i // 2) for i in range(count)], resamples=50)
    for name in FIGURES:
        if found[name]["low"] is not None:
            assert 0 <= found[name]["low"] <= found[name]["value"] <= found[name]["high"] <= 1 + 1e-9


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(5), 0
    for seed in range(100):
        right = rng.random(150) < 0.8
        found = score(
            np.stack([right, ~right], axis=1).astype(float), np.zeros(150, dtype=np.int64),
            classes=("a", "b"), groups=[str(i) for i in range(150)], floor=0.5, seed=seed, resamples=300,
        )  # fmt: skip
        covered += found["accuracy"]["low"] <= 0.8 <= found["accuracy"]["high"]
    assert 88 <= covered <= 100


def test_copies_in_one_group_do_not_narrow_the_interval() -> None:
    probabilities, targets = _case(60, 3)
    groups = [str(i) for i in range(60)]
    once = _score(probabilities, targets, groups=groups, resamples=400)["accuracy"]
    copied = _score(np.tile(probabilities, (5, 1)), np.tile(targets, 5), groups=groups * 5, resamples=400)["accuracy"]
    assert copied == pytest.approx(once)


def test_a_perfect_score_still_has_a_lower_bound() -> None:
    found = _score(np.eye(2)[[0, 1] * 10], [0, 1] * 10, resamples=100)
    assert found["accuracy"]["value"] == 1.0
    assert 0.8 < found["accuracy"]["low"] < 0.85  # Wilson at 20 of 20: 0.839


def test_one_group_alone_has_no_bootstrap_interval() -> None:
    probabilities, targets = _case(30, 3)
    found = _score(probabilities, targets, groups=["one"] * 30, resamples=100)
    assert found["accuracy"]["low"] is None


def test_the_same_seed_gives_the_same_intervals() -> None:
    case = _case(50, 3)
    assert _score(*case, resamples=80) == _score(*case, resamples=80)


def test_a_score_can_be_written_as_strict_json() -> None:
    assert json.loads(json.dumps(_score(*_case(40, 3), resamples=20), allow_nan=False))["n"] == 40


@pytest.mark.parametrize(
    ("probabilities", "targets", "said"),
    [
        ([[0.5, 0.5]], [2], "not indices"),
        ([[0.5, 0.5]], [-1], "not indices"),
        ([[2.0, -1.0]], [0], "not in 0..1"),
        ([[np.nan, 0.5]], [0], "not in 0..1"),
        ([[0.5, 0.5], [0.5, 0.5]], [0], "for 1 pictures, 2 classes"),
        ([[0.5, 0.5], [0.5, 0.5]], [0, 1, 0], "for 3 pictures, 2 classes"),
    ],
)
def test_what_does_not_fit_is_refused(probabilities: Any, targets: Any, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        _score(probabilities, targets)


@pytest.mark.parametrize("coarse", [False, True], ids=["distinct", "tied"])
def test_roc_curves_agree_with_scikit_learn(coarse: bool) -> None:
    probabilities, targets = _case(150, 3, coarse=coarse)
    for index, curve in enumerate(roc_curves(probabilities, targets, classes=("a", "b", "c"))):
        fpr, tpr, _ = metrics.roc_curve(targets == index, probabilities[:, index], drop_intermediate=False)
        assert (curve["fpr"], curve["tpr"]) == (pytest.approx(fpr.tolist()), pytest.approx(tpr.tolist()))
        assert curve["auc"] == pytest.approx(metrics.roc_auc_score(targets == index, probabilities[:, index]))


def test_a_long_roc_curve_is_thinned_but_keeps_its_ends() -> None:
    curve = roc_curves(*_case(3_000, 3), classes=("a", "b", "c"))[0]
    assert len(curve["fpr"]) == len(curve["tpr"]) <= 200
    assert (curve["fpr"][0], curve["tpr"][-1]) == (0.0, 1.0)


def test_absent_classes_have_no_roc_curve() -> None:
    curves = roc_curves(np.full((2, 3), 1 / 3), np.array([0, 1]), classes=("a", "b", "c"))
    assert [curve["class"] for curve in curves] == ["a", "b"]


def test_a_class_that_is_always_missed_or_always_found_is_not_certain_to_be_so() -> None:
    answers = np.array([[0.9, 0.1]] * 6)
    found = score(answers, np.array([0, 0, 0, 0, 1, 1]), classes=("red", "blue"), groups=list("abcdef"), floor=0.5)
    red, blue = found["per_class"]
    assert blue["recall"] == 0.0
    assert blue["intervals"]["recall"][0] == 0.0
    assert blue["intervals"]["recall"][1] > 0.5
    assert red["recall"] == 1.0
    assert red["intervals"]["recall"][0] < 0.6
