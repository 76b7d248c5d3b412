"""Tests of which side a group is on."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sightloop.core.entities import Side
from sightloop.core.errors import Rejected
from sightloop.core.splits import CASCADE_RATIOS, DEFAULT_RATIOS, SIDES, check_ratios, join, side_of

DRAWABLE = st.sampled_from(["train", "calibration", "test"])
ANY = st.sampled_from(["train", "calibration", "test", "none"])
RATIOS = st.tuples(st.integers(0, 100), st.integers(0, 100)).filter(lambda two: sum(two) <= 100)


def _shares(two: tuple[int, int]) -> tuple[float, float, float]:
    return two[0] / 100, two[1] / 100, (100 - sum(two)) / 100


@given(st.text(), RATIOS)
def test_a_group_is_on_the_same_side_for_ever(member: str, two: tuple[int, int]) -> None:
    assert side_of(member, _shares(two)) == side_of(member, _shares(two))


@given(st.text(), RATIOS)
def test_a_side_without_a_share_is_never_drawn(member: str, two: tuple[int, int]) -> None:
    shares = _shares(two)
    assert shares[SIDES.index(side_of(member, shares))] > 0


@given(st.text(), RATIOS, st.integers(1, 100))
def test_a_larger_training_share_never_sends_a_group_away_from_training(
    member: str, two: tuple[int, int], more: int
) -> None:
    larger = (two[0] + more, max(0, two[1] - more))
    assume(sum(larger) <= 100)
    if side_of(member, _shares(two)) == "train":
        assert side_of(member, _shares(larger)) == "train"


@pytest.mark.parametrize("ratios", [DEFAULT_RATIOS, CASCADE_RATIOS])
def test_sides_come_out_in_the_asked_shares(ratios: tuple[float, float, float]) -> None:
    counts = Counter(side_of(f"group {index}", ratios) for index in range(20_000))
    assert [counts[side] / 20_000 for side in SIDES] == pytest.approx(ratios, abs=0.012)


def test_the_draw_of_today_is_the_draw_of_every_release() -> None:
    drawn = [side_of(f"{index:064x}") for index in range(12)]
    assert "".join(side[0] for side in drawn) == "ttctttttttcc"


@pytest.mark.parametrize("ratios", [(0.5, 0.5, 0.5), (1.2, -0.1, -0.1), (0.0, 0.0, 0.0)])
def test_shares_that_do_not_add_up_are_refused_with_their_value(ratios: tuple[float, float, float]) -> None:
    with pytest.raises(Rejected, match=r"do not add up to 1") as caught:
        side_of("x", ratios)
    assert str(ratios) in caught.value.message


@given(RATIOS)
def test_shares_that_add_up_are_taken(two: tuple[int, int]) -> None:
    check_ratios(_shares(two))


@given(st.lists(DRAWABLE, min_size=1))
def test_a_picture_joins_a_side_only_where_all_its_groups_agree(sides: list[Side]) -> None:
    joined = join(sides)
    assert joined == (sides[0] if len(set(sides)) == 1 else "none")


@given(st.lists(ANY), st.randoms(use_true_random=False))
def test_the_order_of_groups_does_not_matter(sides: list[Side], random: object) -> None:
    shuffled = list(sides)
    getattr(random, "shuffle")(shuffled)  # noqa: B009 - hypothesis gives no type for it
    assert join(shuffled) == join(sides)


@given(st.lists(ANY))
def test_once_on_no_side_a_picture_stays_there(sides: list[Side]) -> None:
    assert join([*sides, "none"]) == "none"


def test_a_picture_of_no_group_is_on_no_side() -> None:
    assert join([]) == "none"


def test_an_unknown_side_is_refused_by_name() -> None:
    with pytest.raises(Rejected, match="'validation'"):
        join(["train", "validation"])  # type: ignore[list-item]
