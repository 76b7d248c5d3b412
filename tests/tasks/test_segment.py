"""What an answer with a probability map means: which class, how sure, how much of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from sightloop.core.arrays import ProbabilityMap
from sightloop.core.entities import NOTHING, UNKNOWN, Answer
from sightloop.core.errors import Rejected
from sightloop.tasks import segment
from sightloop.vision import masks


def answer(found: ProbabilityMap, *, off_domain: float | None = None) -> Answer:
    classes = ("crack", "hole")[: len(found)]
    peaks = tuple(float(plane.max() / 255) for plane in found)
    return Answer("v", 1, classes, peaks, None, off_domain, "single", 0.1, 0, None, b"map", masks.levels(found))


def planes(*areas: int, value: int = 230) -> ProbabilityMap:
    """One plane of 10 × 10 per class, the first so many pixels of `value`."""
    found = np.zeros((len(areas), 100), np.uint8)
    for plane, area in zip(found, areas, strict=True):
        plane[:area] = value
    return found.reshape(-1, 10, 10)


def test_a_picture_shows_the_class_that_covers_most_of_it() -> None:
    verdict = segment.verdict(answer(planes(10, 30)), floor=0.5)
    assert (verdict.predicted, verdict.shown) == ("hole", "hole")
    assert verdict.figures["area_share"] == pytest.approx(0.4)


def test_below_the_threshold_there_is_nothing() -> None:
    verdict = segment.verdict(answer(planes(10, value=120)), floor=0.5)
    assert (verdict.predicted, verdict.shown, verdict.figures["area_share"]) == ("crack", NOTHING, 0.0)
    assert segment.verdict(answer(planes(10, value=120)), floor=0.4).shown == "crack"


def test_sure_pixels_make_a_sure_mask() -> None:
    sure = segment.verdict(answer(planes(10, value=255)), floor=0.5).figures["certainty"]
    torn = segment.verdict(answer(planes(10, value=140)), floor=0.5).figures["certainty"]
    assert sure > 0.99
    assert torn < 0.75


def test_a_stranger_is_unknown_whatever_its_mask() -> None:
    verdict = segment.verdict(answer(planes(10), off_domain=0.999), floor=0.5, reject_rate=0.01)
    assert (verdict.shown, verdict.reason) == (UNKNOWN, "off_domain")


def test_an_answer_without_a_map_has_no_mask() -> None:
    with pytest.raises(Rejected, match="no mask"):
        segment.verdict(Answer("v", 1, ("crack",), (1.0,), None, None, "single", 0.1, 0, None), floor=0.5)


def test_the_word_of_a_mask_is_its_largest_class() -> None:
    mask = np.zeros((10, 10), np.uint8)
    assert segment.word(mask, ("crack", "hole")) == NOTHING
    mask[:2], mask[2:5] = 1, 2
    assert segment.word(mask, ("crack", "hole")) == "hole"


@pytest.mark.parametrize("value", ["crack", "cat"])
def test_a_class_is_never_said_without_a_mask(value: str) -> None:
    with pytest.raises(Rejected):
        segment.check_label(value, ("crack",))


def test_nothing_and_unknown_are_said_without_a_mask() -> None:
    for value in (NOTHING, UNKNOWN):
        segment.check_label(value, ("crack",))
