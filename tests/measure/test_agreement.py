"""Shares and confusion: counted by hand, and intervals that hold the value and shrink with groups, not pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightloop.measure.agreement import agree, share
from sightloop.measure.intervals import wilson

CLASSES = ("ant", "bee", "cat")
WORDS = st.sampled_from(CLASSES)


def test_the_matrix_has_people_in_its_rows_and_the_model_in_its_columns() -> None:
    found = agree(["bee", "ant", "bee"], ["ant", "ant", "bee"], classes=CLASSES, groups=["1", "2", "3"])
    assert found["confusion"] == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert (found["n"], found["accuracy"]["value"]) == (3, pytest.approx(2 / 3))


def test_recall_is_of_the_pictures_and_precision_of_the_answers() -> None:
    found = agree(["bee", "ant", "bee"], ["ant", "ant", "bee"], classes=CLASSES, groups=["1", "2", "3"])
    ant, bee, cat = found["per_class"]
    assert (ant["n"], ant["recall"]["value"], ant["precision"]["value"]) == (2, 0.5, 1.0)
    assert (bee["n"], bee["recall"]["value"], bee["precision"]["value"]) == (1, 1.0, 0.5)
    assert cat == {"name": "cat", "n": 0, "recall": None, "precision": None}


@given(st.lists(st.tuples(WORDS, WORDS, st.sampled_from("vwxyz")), max_size=30))
def test_every_interval_lies_in_0_to_1_and_holds_its_value(rows: list[tuple[str, str, str]]) -> None:
    said, truth, groups = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    found = agree(said, truth, classes=CLASSES, groups=groups, resamples=50)
    shares = [found["accuracy"], *(one[key] for one in found["per_class"] for key in ("recall", "precision"))]
    assert all(0 <= one["low"] <= one["value"] <= one["high"] <= 1 for one in shares if one)
    assert sum(map(sum, found["confusion"])) == len(rows)


def test_a_faultless_share_has_wilsons_interval_over_its_groups() -> None:
    found = share(np.ones(40, np.bool_), ["a"] * 20 + ["b"] * 20)
    assert found == {"value": 1.0, "low": wilson(2, 2)[0], "high": 1.0}


def test_copies_do_not_make_an_interval_narrower() -> None:
    hits, groups = np.array([True, True, False, True]), ["a", "b", "c", "d"]
    once = share(hits, groups)
    often = share(hits.repeat(50), list(np.repeat(groups, 50)))
    assert once == often


def test_one_group_of_right_and_wrong_answers_says_little() -> None:
    found = share(np.array([True, True, True, False]), ["a"] * 4)
    assert found is not None
    assert found["low"] <= 0.75 <= found["high"]
    assert found["high"] - found["low"] > 0.5


def test_nothing_has_no_share() -> None:
    assert share(np.zeros(0, np.bool_), []) is None
    assert agree([], [], classes=CLASSES, groups=[])["accuracy"] is None
