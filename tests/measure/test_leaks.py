"""Tests of the leak report."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sightloop.core.entities import Side
from sightloop.measure.leaks import Row, find

FAR = 0xFFFF_0000_FFFF_0000


def _row(
    name: str, *, side: Side, content: str = "", phash: int | None = 0, label: str | None = "a", group: str = ""
) -> Row:
    own = content or name
    return Row(name, f"file {name}", f"pixels {own}", phash, side, label, group or name)


def test_the_same_pixels_in_two_files_on_two_sides_are_a_leak() -> None:
    found = find([_row("a", side="train", content="x"), _row("b", side="test", content="x", phash=FAR)])
    assert found["exact"]["across_sides"] == 1
    assert found["leaked"] == {"calibration": [], "test": ["b"]}


def test_the_same_file_is_found_before_its_pixels_are_known() -> None:
    rows = [Row("a", "same", None, None, "train", None, "a"), Row("b", "same", "p", None, "test", None, "b")]
    assert find(rows)["exact"]["across_sides"] == 1


def test_six_bits_apart_is_near_and_seven_is_not() -> None:
    six = find([_row("a", side="train"), _row("b", side="test", phash=0b111111)])
    seven = find([_row("a", side="train"), _row("b", side="test", phash=0b1111111)])
    assert (six["near"]["across_sides"], seven["near"]["across_sides"]) == (1, 0)
    assert six["near"]["examples"][0]["distance"] == 6


def test_near_duplicates_on_one_side_are_no_leak() -> None:
    found = find([_row("a", side="test"), _row("b", side="test", phash=1)])
    assert (found["near"]["pairs"], found["near"]["across_sides"]) == (1, 0)
    assert found["leaked"]["test"] == []


def test_pictures_on_no_side_cannot_leak() -> None:
    found = find([_row("a", side="none"), _row("b", side="test")])
    assert (found["near"]["pairs"], found["near"]["across_sides"]) == (1, 0)


def test_a_calibration_picture_leaks_into_test_but_not_the_other_way_round() -> None:
    found = find([_row("a", side="test"), _row("b", side="calibration", phash=1)])
    assert found["leaked"] == {"calibration": [], "test": ["a"]}


def test_one_picture_under_two_labels_is_a_contradiction_on_any_side() -> None:
    found = find([_row("a", side="train"), _row("b", side="train", phash=3, label="b")])
    assert found["contradictions"]["pairs"] == 1
    assert found["contradictions"]["examples"][0]["labels"] == ["a", "b"]


def test_a_missing_label_contradicts_nothing() -> None:
    assert find([_row("a", side="train"), _row("b", side="train", label=None)])["contradictions"]["pairs"] == 0


def test_an_unknown_perceptual_hash_is_near_to_nothing() -> None:
    assert find([_row("a", side="train", phash=None), _row("b", side="test", phash=0)])["near"]["pairs"] == 0


def test_a_group_on_two_sides_is_listed() -> None:
    rows = [_row("a", side="train", group="g"), _row("b", side="test", phash=FAR, group="g")]
    assert find(rows)["split_groups"] == {"count": 1, "examples": [{"group": "g", "sides": ["test", "train"]}]}


def test_examples_are_capped_leaks_first_while_counts_are_complete() -> None:
    rows = [_row(str(i), side="train") for i in range(30)] + [_row("judge", side="test")]
    near = find(rows, examples=3)["near"]
    assert (near["pairs"], near["across_sides"], len(near["examples"])) == (465, 30, 3)
    assert all("test" in pair["sides"] for pair in near["examples"])


def test_no_rows_leak_nothing() -> None:
    assert find([])["exact"]["pairs"] == 0


ROWS = st.lists(
    st.tuples(
        st.integers(0, 255), st.sampled_from("xyz123"), st.sampled_from(["train", "calibration", "test", "none"]),
        st.sampled_from(["a", "b", None]),
    ),
    max_size=30,
)  # fmt: skip


@settings(deadline=None)
@given(ROWS)
def test_the_report_agrees_with_comparing_pair_by_pair(drawn: list[tuple[int, str, Side, str | None]]) -> None:
    rows = [
        _row(str(i), side=side, content=content, phash=phash * 0x0001_0001_0001_0001, label=label)
        for i, (phash, content, side, label) in enumerate(drawn)
    ]
    pairs = [(one, two) for i, one in enumerate(rows) for two in rows[i + 1 :]]
    same = [pair for pair in pairs if pair[0].pixel_hash == pair[1].pixel_hash]
    near = [
        pair for pair in pairs if pair not in same and ((pair[0].phash or 0) ^ (pair[1].phash or 0)).bit_count() <= 6
    ]
    found = json.loads(json.dumps(find(rows)))
    assert (found["exact"]["pairs"], found["near"]["pairs"]) == (len(same), len(near))
    odds = sum(one.label != two.label and None not in (one.label, two.label) for one, two in same + near)
    assert found["contradictions"]["pairs"] == odds


def test_blocks_of_rows_find_what_one_block_finds() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**63, 3_000)
    rows = [_row(str(i), side="train" if i < 1_500 else "test", phash=int(h)) for i, h in enumerate(hashes)]
    rows[2_999] = _row("late", side="test", phash=int(hashes[0]) ^ 1)
    assert find(rows)["leaked"]["test"] == ["late"]
