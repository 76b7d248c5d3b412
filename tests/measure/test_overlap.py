"""Tests of mask counts, scores, thresholds and the expected Dice."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sightloop.core.arrays import Mask
from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.measure.overlap import Counts, best_threshold, count, dice, expected_dice, score
from sightloop.vision import masks

PAIRS = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda size: st.tuples(*[arrays.arrays(np.uint8, size, elements=st.integers(0, 3), fill=st.just(0))] * 2)
)
HISTOGRAMS = arrays.arrays(np.int64, 256, elements=st.integers(0, 50), fill=st.just(0))
FIGURES = ["dice", "iou_crack", "iou_mean", "precision", "recall", "f1", "boundary_f", "dice_per_picture"]


def pictures(many: int, *, seed: int = 0, off: int = 1) -> list[Counts]:
    """Rectangles and answers that are a little off."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(many):
        truth = np.zeros((40, 40), np.uint8)
        y, x, height, width = rng.integers(2, 15, 4)
        truth[y : y + height, x : x + width] = 1
        found.append(count(np.roll(truth, rng.integers(0, off + 1), axis=0), truth, classes=1))
    return found


def scored(counts: list[Counts], *, groups: list[str] | None = None, seed: int = 0) -> Json:
    names = groups or [str(index) for index in range(len(counts))]
    return score(counts, classes=["crack"], groups=names, threshold=0.5, tolerance=2.0, seed=seed)


@settings(deadline=None)
@given(PAIRS)
def test_every_pixel_of_a_class_is_found_or_missed(pair: tuple[Mask, Mask]) -> None:
    predicted, truth = pair
    found = count(predicted, truth, classes=3)
    assert found.confusion.sum() == truth.size
    for index in range(3):
        mine, true = predicted == index + 1, truth == index + 1
        assert found.tp[index] == (mine & true).sum()
        assert found.fp[index] == (mine & ~true).sum()
        assert found.fn[index] == (~mine & true).sum()
    assert found.tn == ((predicted == 0) & (truth == 0)).sum()


@settings(deadline=None)
@given(PAIRS)
def test_dice_is_the_same_both_ways_and_1_only_for_equal_masks(pair: tuple[Mask, Mask]) -> None:
    assert dice(*pair) == dice(*reversed(pair))
    assert (dice(*pair) == 1.0) == np.array_equal(*pair)
    assert dice(pair[0], pair[0]) == 1.0


@settings(deadline=None)
@given(PAIRS)
def test_the_dice_of_one_picture_is_its_score(pair: tuple[Mask, Mask]) -> None:
    found = score([count(*pair, classes=3)], classes=["a", "b", "c"], groups=["g"], threshold=0.5, tolerance=2.0)
    assert found["dice_per_picture"]["value"] == pytest.approx(dice(*pair))
    if pair[0].any() or pair[1].any():
        assert found["dice"]["value"] == found["f1"]["value"] == pytest.approx(dice(*pair))


@settings(deadline=None)
@given(PAIRS)
def test_every_figure_lies_in_its_interval_within_0_and_1(pair: tuple[Mask, Mask]) -> None:
    counts = [count(*pair, classes=3), count(*reversed(pair), classes=3), count(pair[0], pair[0], classes=3)]
    found = score(counts, classes=["a", "b", "c"], groups=["1", "2", "3"], threshold=0.5, tolerance=2.0, resamples=50)
    json.dumps(found, allow_nan=False)
    for value in found.values():
        if isinstance(value, dict) and value["value"] is not None:
            assert -1e-9 <= value["low"] <= value["value"] <= value["high"] <= 1 + 1e-9


def test_the_figures_are_those_of_the_textbook() -> None:
    predicted, truth = np.zeros((10, 10), np.uint8), np.zeros((10, 10), np.uint8)
    truth[:2, :5] = 1  # 10 pixels
    predicted[0, :8] = 1  # 8 pixels, 5 of them right
    found = scored([count(predicted, truth, classes=1)])
    values = {name: found[name]["value"] for name in FIGURES}
    assert values["dice"] == values["f1"] == values["dice_per_picture"] == pytest.approx(10 / 18)
    assert values["precision"] == pytest.approx(5 / 8)
    assert values["recall"] == pytest.approx(5 / 10)
    assert values["iou_crack"] == pytest.approx(5 / 13)
    assert values["iou_mean"] == pytest.approx((5 / 13 + 87 / 95) / 2)
    assert found["dice"]["low"] is None
    assert found["per_class"][0] | {"intervals": None} == {
        "class": "crack", "n": 1, "dice": values["dice"], "iou": values["iou_crack"], "precision": values["precision"],
        "recall": values["recall"], "f1": values["f1"], "intervals": None,
    }  # fmt: skip


def test_pooled_figures_weigh_pixels_and_means_weigh_pictures() -> None:
    small, large = np.zeros((10, 10), np.uint8), np.zeros((10, 10), np.uint8)
    small[0, 0], large[:9] = 1, 1
    found = scored([count(small * 0, small, classes=1), count(large, large, classes=1)])
    assert found["dice"]["value"] == pytest.approx(180 / 181)
    assert found["dice_per_picture"]["value"] == 0.5


def test_a_perfect_answer_scores_1_with_an_interval_that_admits_luck() -> None:
    found = scored(pictures(20, off=0))
    for name in FIGURES:
        assert found[name]["value"] == found[name]["high"] == 1.0
        assert found[name]["low"] == pytest.approx(0.839, abs=0.01)


def test_a_boundary_within_the_tolerance_is_as_good_as_the_truth() -> None:
    assert scored(pictures(8, off=2))["boundary_f"]["value"] == 1.0
    assert scored(pictures(8, off=5))["boundary_f"]["value"] < 1.0


def test_false_alarms_are_counted_among_the_empty_pictures_only() -> None:
    empty, full = np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)
    found = scored([count(*pair, classes=1) for pair in ((empty, empty), (full, empty), (full, full), (empty, full))])
    assert found["empty_share"]["value"] == 0.5
    assert found["false_alarm_share"]["value"] == 0.5
    assert found["dice_per_picture"]["value"] == 0.5


def test_only_empty_pictures_leave_the_overlap_undefined_but_not_their_mean() -> None:
    empty = np.zeros((4, 4), np.uint8)
    found = scored([count(empty, empty, classes=1)] * 3)
    assert found["dice"] == found["iou_crack"] == {"value": None, "low": None, "high": None}
    assert found["dice_per_picture"]["value"] == 1.0
    assert found["false_alarm_share"]["value"] == 0.0


def test_no_pictures_score_nothing() -> None:
    found = scored([])
    assert found["n"] == 0
    assert all(found[name] == {"value": None, "low": None, "high": None} for name in FIGURES)
    assert found["per_class"][0]["dice"] is None


def test_one_group_has_no_interval() -> None:
    found = scored(pictures(5), groups=["same"] * 5)
    assert found["dice"]["value"] is not None
    assert found["dice"]["low"] is found["dice"]["high"] is None


def test_the_same_seed_gives_the_same_interval_and_fewer_groups_a_wider_one() -> None:
    counts = pictures(40, off=4)
    found, again = scored(counts, seed=3), scored(counts, seed=3)
    grouped = scored(counts, groups=[str(index // 8) for index in range(40)], seed=3)
    assert found == again
    assert grouped["dice"]["value"] == found["dice"]["value"]
    assert grouped["groups"] == 5


def test_masks_of_different_sizes_are_not_compared() -> None:
    with pytest.raises(Rejected, match="cannot be compared"):
        count(np.zeros((3, 4), np.uint8), np.zeros((4, 3), np.uint8), classes=1)
    with pytest.raises(Rejected, match="cannot be compared"):
        dice(np.zeros((3, 4), np.uint8), np.zeros((1, 4), np.uint8))


def test_an_index_that_is_no_class_is_refused() -> None:
    with pytest.raises(Rejected, match="class index 2, but there are 1 classes"):
        count(np.full((2, 2), 2, np.uint8), np.zeros((2, 2), np.uint8), classes=1)


def test_groups_must_be_as_many_as_pictures() -> None:
    with pytest.raises(Rejected, match="1 groups for the counts of 2 pictures"):
        scored(pictures(2), groups=["one"])


@settings(deadline=None)
@given(HISTOGRAMS, HISTOGRAMS)
def test_no_threshold_is_better_than_the_best(fg: np.ndarray, bg: np.ndarray) -> None:
    found = best_threshold(fg, bg)
    if not fg.any():
        assert found == {"threshold": 0.5, "f1": None, "curve": []}
        return
    assert found["f1"] == pytest.approx(max(row["f1"] for row in found["curve"]))
    least = masks.cut(found["threshold"])
    tp, fp, fn = fg[least:].sum(), bg[least:].sum(), fg[:least].sum()
    assert found["f1"] == pytest.approx(2 * tp / (2 * tp + fp + fn))


def test_among_equally_good_thresholds_the_middle_is_taken() -> None:
    fg, bg = np.zeros(256, np.int64), np.zeros(256, np.int64)
    fg[201], bg[101] = 5, 5
    assert best_threshold(fg, bg)["threshold"] == pytest.approx(152 / 255)


def test_certain_probabilities_expect_a_dice_of_1() -> None:
    levels = np.zeros(256, np.int64)
    levels[0], levels[255] = 90, 10
    assert expected_dice(levels, 0.5) == 1.0


@pytest.mark.parametrize(("top", "expected"), [(0, 1.0), (51, 0.8), (102, 0.6)])
def test_an_empty_mask_is_as_certain_as_its_likeliest_pixel_is_unlikely(top: int, expected: float) -> None:
    levels = np.zeros(256, np.int64)
    levels[top] = 100
    assert expected_dice(levels, 0.5) == pytest.approx(expected)


def test_the_expected_dice_is_what_calibrated_probabilities_give() -> None:
    rng = np.random.default_rng(0)
    values = rng.choice(256, 200_000, p=np.linspace(2, 0, 256) / 256).astype(np.uint8)[None, None]
    truth = (rng.random(values.shape[1:]) < values[0] / 255).astype(np.uint8)
    expected = expected_dice(masks.levels(values)[0], 0.4)
    assert dice(masks.threshold(values, 0.4), truth) == pytest.approx(expected, abs=0.01)


@settings(deadline=None)
@given(HISTOGRAMS, st.floats(0, 1))
def test_the_expected_dice_is_a_share(levels: np.ndarray, at: float) -> None:
    assert 0.0 <= expected_dice(levels, at) <= 1.0
