"""Tests of how pictures are chosen for a look."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sightloop.measure import choosing


def directions(count: int, *, seed: int = 0, width: int = 6) -> NDArray[np.float64]:
    drawn = np.random.default_rng(seed).normal(size=(count, width))
    found: NDArray[np.float64] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return found


def around(centre: int, count: int, *, seed: int) -> NDArray[np.float64]:
    """Directions close to one axis."""
    drawn = np.eye(6)[centre] + np.random.default_rng(seed).normal(0, 0.1, (count, 6))
    found: NDArray[np.float64] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return found


def alone(count: int) -> NDArray[np.int64]:
    """Every picture in a group of its own."""
    return np.arange(count)


def test_a_picture_that_no_model_answered_is_the_most_uncertain() -> None:
    assert choosing.uncertainty(np.array([0.9, -1.0, 0.2])).tolist() == [0.09999999999999998, 1.0, 0.8]


@given(count=st.integers(1, 40), seed=st.integers(0, 99))
def test_a_cosine_is_between_minus_one_and_one_whatever_half_precision_rounds(count: int, seed: int) -> None:
    vectors = directions(count, seed=seed).astype(np.float16)
    found = choosing.cosines(vectors, vectors[0])
    assert np.abs(found).max() <= 1
    np.testing.assert_allclose(found, vectors.astype(np.float64) @ vectors[0].astype(np.float64), atol=2e-3)


@given(count=st.integers(1, 30), most=st.integers(1, 30), seed=st.integers(0, 9), data=st.data())
def test_the_best_come_first_and_the_order_of_rows_does_not_matter(
    count: int, most: int, seed: int, data: st.DataObject
) -> None:
    scores = np.array(data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=count, max_size=count)))
    names = [f"picture {number}" for number in range(count)]
    order = data.draw(st.permutations(range(count)))
    found = [names[row] for row in choosing.best_first(scores, names, most=most, seed=seed)]
    turned = choosing.best_first(scores[order], [names[row] for row in order], most=most, seed=seed)
    assert found == [names[order[row]] for row in turned]
    assert [scores[names.index(name)] for name in found] == sorted(scores, reverse=True)[:most]


def test_another_seed_settles_ties_in_another_way() -> None:
    names = [f"picture {number}" for number in range(50)]
    found = {tuple(choosing.best_first(np.zeros(50), names, most=50, seed=seed)) for seed in range(5)}
    assert len(found) == 5


def test_what_has_no_score_is_left_out() -> None:
    assert choosing.best_first(np.array([np.nan, 1.0, np.nan]), ["a", "b", "c"], most=3).tolist() == [1]


@settings(max_examples=40)
@given(count=st.integers(2, 9), seed=st.integers(0, 99), data=st.data())
def test_farthest_first_is_at_most_twice_as_far_as_the_best_choice(count: int, seed: int, data: st.DataObject) -> None:
    vectors = directions(count, seed=seed, width=3)
    picks = data.draw(st.integers(1, count))
    picked, _ = choosing.farthest_first(vectors, centres=np.zeros((0, 3)), count=picks)
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)

    def radius(centres: tuple[int, ...]) -> float:
        return float(apart[:, list(centres)].min(axis=1).max())

    best = min(radius(some) for some in combinations(range(count), picks))
    assert len(set(picked.tolist())) == picks
    assert radius(tuple(picked.tolist())) <= 2 * best + 1e-3


@given(count=st.integers(1, 30), seed=st.integers(0, 99))
def test_every_pick_is_nearer_to_what_was_picked_before_it_than_the_last_one_was(count: int, seed: int) -> None:
    centres = directions(3, seed=seed + 1)
    picked, far = choosing.farthest_first(directions(count, seed=seed), centres=centres, count=count)
    assert sorted(picked.tolist()) == list(range(count))
    assert (np.diff(far) <= 1e-5).all()


def test_a_picture_like_a_verified_one_is_picked_last() -> None:
    vectors = directions(10)
    assert choosing.farthest_first(vectors, centres=vectors[3:4], count=10)[0][-1] == 3


def test_a_picture_far_from_all_others_is_the_least_near() -> None:
    vectors = np.concatenate([around(0, 30, seed=1), np.eye(6)[3:4]])
    near = choosing.nearness(vectors, alone(31), asked=alone(31), references=alone(31))
    assert near.argmin() == 30


def test_near_duplicates_of_an_unusual_picture_do_not_make_it_usual() -> None:
    vectors = np.concatenate([around(0, 30, seed=1), around(3, 8, seed=2)])
    groups = np.concatenate([alone(30), np.full(8, 99)])
    near = choosing.nearness(vectors, groups, asked=alone(38), references=alone(38))
    assert near[30:].max() < near[:30].min()


def test_a_picture_without_any_other_group_has_no_nearness() -> None:
    near = choosing.nearness(around(0, 3, seed=1), np.zeros(3, np.int64), asked=alone(3), references=alone(3))
    assert np.isnan(near).all()


def test_wrong_labels_are_the_oddest_and_look_like_their_true_class() -> None:
    true = np.repeat([0, 1, 2], 60)
    vectors = np.concatenate([around(name, 60, seed=name) for name in range(3)]).astype(np.float16)
    wrong = np.arange(0, 180, 20)
    said = true.copy()
    said[wrong] = (true[wrong] + 1) % 3
    scores, other = choosing.oddness(vectors, alone(180), classes=said, asked=alone(180))
    worst = np.argsort(-scores)[: len(wrong)]
    assert set(worst.tolist()) == set(wrong.tolist())
    assert other[wrong].tolist() == true[wrong].tolist()
    assert (scores[wrong] > 0).all()


def test_with_one_class_the_one_least_like_the_others_is_the_oddest() -> None:
    vectors = np.concatenate([around(0, 20, seed=1), np.eye(6)[2:3]])
    scores, other = choosing.oddness(vectors, alone(21), classes=np.zeros(21, np.int64), asked=alone(21))
    assert scores.argmax() == 20
    assert set(other.tolist()) == {-1}


def test_the_only_picture_of_a_class_has_no_score() -> None:
    classes = np.array([0, 0, 0, 1])
    scores, _ = choosing.oddness(around(0, 4, seed=1), alone(4), classes=classes, asked=np.array([0, 3]))
    assert np.isnan(scores).tolist() == [False, True]


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5), most=st.integers(1, 60))
def test_a_sample_has_every_class_and_no_class_much_more_than_its_share(sizes: list[int], most: int) -> None:
    classes = np.repeat(np.arange(len(sizes)), sizes)
    drawn = choosing.sample_of_each(classes, most=most)
    share = max(choosing.NEAREST, most // len(sizes))
    counts = np.bincount(classes[drawn], minlength=len(sizes))
    assert counts.tolist() == [min(size, share) for size in sizes]
    assert len(set(drawn.tolist())) == len(drawn)


def test_a_small_question_is_compared_with_more_than_a_large_one() -> None:
    assert choosing.references(10) == choosing.MOST
    assert choosing.references(1_000_000) == choosing.FEWEST
