"""How strange a picture is: a share that means what it says, however few pictures were held out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sightloop.bundles import reference
from sightloop.bundles.reference import Reference, Tail
from sightloop.core.arrays import Embedding, Scores
from sightloop.core.errors import BadBundle

WIDTH = 16


def looks(count: int, *, seed: int, spread: float = 0.15) -> Embedding:
    """(count, 16) unit vectors round one of two places."""
    rng = np.random.default_rng(seed)
    points = np.eye(WIDTH)[rng.integers(2, size=count)] + rng.normal(0, spread, (count, WIDTH))
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)


def sure(count: int, *, seed: int) -> Scores:
    """(count, 2) probabilities of a model that is mostly sure."""
    first = np.random.default_rng(seed).beta(8, 1, size=count)
    return np.column_stack([first, 1 - first])


def made(held_out: int = 80) -> Reference:
    arrays = reference.build(
        looks(300, seed=1), [0] * 300, held_out=looks(held_out, seed=2), probabilities=sure(held_out, seed=3)
    )
    return Reference(arrays)


def numbers(found: list[float | None]) -> NDArray[np.float64]:
    assert None not in found
    return np.array(found, np.float64)


@pytest.mark.parametrize("known", [20, 80, 400])
@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
def test_of_ordinary_numbers_a_tail_refuses_the_share_that_was_asked_for(known: int, rate: float) -> None:
    rng = np.random.default_rng(known)
    refused = [np.mean(Tail(rng.gamma(2.0, size=known))(rng.gamma(2.0, size=500)) < np.log(rate)) for _ in range(300)]
    assert np.mean(refused) == pytest.approx(rate, rel=0.3)


def test_a_larger_number_is_never_likelier() -> None:
    values = np.linspace(-1, 30, 500)
    found = Tail(np.random.default_rng(0).gamma(2.0, size=60))(values)
    assert (np.diff(found) <= 1e-12).all()
    assert found.max() <= 0


def test_numbers_that_are_all_equal_refuse_none_of_their_like() -> None:
    assert Tail(np.full(50, 0.5))(np.full(3, 0.5)).tolist() == [0.0] * 3


def test_about_one_ordinary_picture_in_a_hundred_is_refused_at_one_percent() -> None:
    found = numbers(made(200).off_domain(looks(5000, seed=4), sure(5000, seed=5)))
    assert 0.003 < np.mean(found > 0.99) < 0.025


def test_a_picture_in_another_direction_is_refused() -> None:
    far = np.eye(WIDTH, dtype=np.float32)[-3:]
    assert (numbers(made().off_domain(far, sure(3, seed=6))) > 0.999).all()


def test_of_two_pictures_at_one_distance_the_unsure_one_is_stranger() -> None:
    look = looks(1, seed=9).repeat(2, axis=0)
    calm, torn = numbers(made().off_domain(look, np.array([[0.99, 0.01], [0.5, 0.5]])))
    assert torn > calm


def test_without_probabilities_the_distance_alone_counts() -> None:
    found = made()
    near, far = numbers(found.off_domain(np.stack([looks(1, seed=9)[0], np.eye(WIDTH, dtype=np.float32)[-1]])))
    assert near < 0.99 < far


@pytest.mark.parametrize("held_out", [0, 19])
def test_fewer_than_twenty_held_out_pictures_say_nothing(held_out: int) -> None:
    assert made(held_out).off_domain(looks(2, seed=4), sure(2, seed=5)) == [None, None]


def test_an_empty_bank_says_nothing() -> None:
    arrays = reference.build(looks(0, seed=1), [], held_out=looks(30, seed=2), probabilities=sure(30, seed=3))
    assert Reference(arrays).off_domain(looks(1, seed=4), sure(1, seed=5)) == [None]


@pytest.mark.parametrize("name", ["bank", "embeddings", "probabilities"])
def test_arrays_that_do_not_fit_are_refused(name: str) -> None:
    arrays = reference.build(looks(50, seed=1), [0] * 50, held_out=looks(30, seed=2), probabilities=sure(30, seed=3))
    with pytest.raises(BadBundle, match="shapes"):
        Reference({**arrays, name: np.zeros((7, 3), np.float32)})
    with pytest.raises(BadBundle, match=name):
        Reference({one: array for one, array in arrays.items() if one != name})
