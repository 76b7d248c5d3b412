"""One loader: what training sees is what serving sees, changed only on the training side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sightloop.bundles.classifier import normalisation, to_tensor
from sightloop.bundles.format import Input
from sightloop.core.entities import Example, TrainingSet
from sightloop.core.errors import BadImage, Rejected
from sightloop.families.data import Batches, Pictures, changes, check, targets
from sightloop.families.parameters import TransferParams
from sightloop.vision.decode import decode

SPEC = Input(32, "crop", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


def test_training_sees_an_unchanged_picture_exactly_as_serving_does(data: TrainingSet) -> None:
    scale, offset = normalisation(SPEC)
    pixels = decode(Path(data.train[0].path).read_bytes(), shrink_to=SPEC.size)
    served = to_tensor([pixels], SPEC, scale=scale, offset=offset)
    assert np.array_equal(Pictures(data.train, SPEC).batch([0], view=0).numpy(), served)


def test_augmentation_touches_only_views_above_0(data: TrainingSet) -> None:
    plain, changed = Pictures(data.train, SPEC), Pictures(data.train, SPEC, changes=changes(TransferParams()))
    assert np.array_equal(plain.array(3, view=0), changed.array(3, view=0))
    assert not np.array_equal(plain.array(3, view=1), changed.array(3, view=1))
    assert np.array_equal(plain.array(3, view=1), plain.array(3, view=0))


def test_the_same_seed_view_and_picture_give_the_same_copy(data: TrainingSet) -> None:
    first, again = (Pictures(data.train, SPEC, changes=changes(TransferParams()), seed=3) for _ in range(2))
    other = Pictures(data.train, SPEC, changes=changes(TransferParams()), seed=4)
    assert np.array_equal(first.array(5, view=2), again.array(5, view=2))
    assert not np.array_equal(first.array(5, view=2), other.array(5, view=2))


def test_augmentation_can_be_switched_off() -> None:
    assert changes(TransferParams(augment=False)) is None


def test_batches_meet_every_picture_once_and_none_is_tiny(data: TrainingSet) -> None:
    order = np.random.default_rng(0).permutation(33)
    batches = [found.numpy() for _, found in Batches(Pictures(data.train, SPEC), np.arange(36), order, 16)]
    assert sorted(np.concatenate(batches).tolist()) == list(range(33))
    assert [len(batch) for batch in batches] == [11, 11, 11]


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    broken = Example("image-7", str(tmp_path / "a.jpg"), 0, "g")
    with pytest.raises(BadImage, match="image-7"):
        Pictures([broken], SPEC).array(0, view=0)


def test_one_class_is_nothing_to_learn(data: TrainingSet) -> None:
    only = tuple(example for example in data.train if example.target == 1)
    with pytest.raises(Rejected, match="checks"):
        check(TrainingSet(data.classes, only, ()))
    assert targets(only).tolist() == [1] * 12
