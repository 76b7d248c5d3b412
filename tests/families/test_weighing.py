"""A heavy picture counts in every family as copies of it would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sightloop import bundles, families
from sightloop.bundles.format import Input
from sightloop.core.arrays import Pixels
from sightloop.core.entities import Example, TrainingSet
from sightloop.families import boosting, embedding, learner, logistic, mask_learner
from sightloop.families.boosting import Choice
from sightloop.families.data import Batches, Pictures, targets, weights
from sightloop.families.embedding import Learnt
from sightloop.families.parameters import BoostedParams, UnetParams
from sightloop.families.tiles_data import MaskedPictures, TileBatches
from sightloop.vision import masks
from sightloop.vision.decode import decode
from tests.families import masked

SMALL: dict[str, Any] = {"backbone": "test_resnet", "weights": "none", "input_size": 32, "batch": 12}
SPEC = Input(32, "squash", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def heavy(data: TrainingSet, *, target: int, weight: float) -> TrainingSet:
    """The same, with every training picture of one class so heavy."""
    train = tuple(replace(one, weight=weight) if one.target == target else one for one in data.train)
    return replace(data, train=train)


def confused(data: TrainingSet) -> TrainingSet:
    """Every training picture twice, once with its own class and once with the next: only weights can tell them."""
    count = len(data.classes)
    wrong = [replace(one, target=(one.target + 1) % count, image_id=f"{one.image_id}?") for one in data.train]
    return replace(data, train=(*data.train, *wrong))


def believed(data: TrainingSet, place: Path, name: str, **values: Any) -> float:
    """How often a model says of its training pictures what those of weight 3 were said to be."""
    made = confused(data)
    train = tuple(replace(one, weight=3.0) if one.image_id.endswith("?") else one for one in made.train)
    families.get(name).train(
        replace(made, train=train), families.params(name, {**SMALL, **values}), folder=place / "bundle",
        work=place / "work", report=lambda _: None, context={"weights_dir": "", "created_at": 1.0},
    )  # fmt: skip
    predictor = bundles.load(place / "bundle")
    pictures = [decode(Path(one.path).read_bytes(), shrink_to=32) for one in data.train]
    said = np.asarray(predictor.predict(pictures).probabilities).argmax(axis=1)
    return float((said == (targets(data.train) + 1) % len(data.classes)).mean())


def points(count: int = 60) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    found = rng.normal(size=(count, 6)).astype(np.float32)
    return found, (found[:, 0] + rng.normal(0, 0.5, count) > 0).astype(np.int64) + (found[:, 1] > 1)


def test_a_picture_of_weight_3_moves_a_logistic_regression_as_three_copies_do() -> None:
    found, truth = points()
    times = np.where(np.arange(len(truth)) % 4 == 0, 3, 1)
    weighed = logistic.fit_layer(found, truth, times.astype(float), classes=3, c=10.0)
    copied = logistic.fit_layer(found.repeat(times, 0), truth.repeat(times), classes=3, c=10.0)
    plain = logistic.fit_layer(found, truth, classes=3, c=10.0)
    assert np.allclose(weighed(found), copied(found), atol=5e-3)
    assert np.abs(weighed(found) - plain(found)).max() > 0.05


def test_the_loss_that_chooses_the_strength_is_weighed_too() -> None:
    logits, truth = np.array([[4.0, 0.0], [4.0, 0.0]], np.float32), np.array([0, 1])
    copied = logistic.loss(logits[[0, 1, 1, 1]], truth[[0, 1, 1, 1]])
    assert logistic.loss(logits, truth, np.array([1.0, 3.0])) == pytest.approx(copied)


def test_a_picture_of_weight_3_grows_the_trees_that_three_copies_grow() -> None:
    found, truth = points(240)
    found = (np.round(found.clip(-1.5, 1.5) * 2) / 2).astype(
        np.float32
    )  # so few values that copies move no border between two bins
    times = np.where(np.arange(len(truth)) % 4 == 0, 3, 1)
    choice = Choice(learning_rate=0.1, leaves=4, least=1, columns=1.0, penalty=1.0)

    def grown(learnt: Learnt) -> NDArray[np.float64]:
        params = BoostedParams(threads=1)
        judge = boosting.Judge(
            learnt, [], begin=np.zeros((len(learnt.truth), 3), np.float32), params=params, report=lambda _: None
        )
        booster = lightgbm.train(judge.settings(choice), judge.dataset, 10)
        return np.asarray(booster.predict(found, raw_score=True), np.float64)

    names = [str(number) for number in range(len(truth))]
    weighed = grown(Learnt(found, truth, names, 3, times.astype(float)))
    copied = grown(Learnt(found.repeat(times, 0), truth.repeat(times), list(np.repeat(names, times)), 3))
    plain = grown(Learnt(found, truth, names, 3))
    assert np.abs(weighed - copied).max() < 1e-6
    assert np.abs(weighed - plain).max() > 0.05


def test_mirrored_copies_weigh_what_their_pictures_do(data: TrainingSet) -> None:
    made = heavy(data, target=0, weight=2.5)
    learnt = Learnt.of(made, np.zeros((2 * len(data.train), 3), np.float32))
    assert learnt.weights is not None
    assert learnt.weights.tolist() == [one.weight for one in made.train] * 2
    assert Learnt.of(data, np.zeros((len(data.train), 3), np.float32)).weights is None
    parts = embedding.folds(learnt, 2)
    assert all(learnt.weights_of(inside) is not None for inside, _ in parts)


def test_a_loss_is_that_of_copies_of_heavy_pictures() -> None:
    logits, truth = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0])
    counts = torch.tensor([1.0, 1.0, 1.0, 3.0])
    copied = learner.loss_of(logits[[0, 1, 2, 3, 3, 3]], truth[[0, 1, 2, 3, 3, 3]], smoothing=0.1)
    weighed = learner.loss_of(logits, truth, counts / counts.mean(), smoothing=0.1)
    assert float(weighed) == pytest.approx(float(copied), rel=1e-5)


def test_a_loss_of_masks_is_that_of_copies_of_heavy_pictures() -> None:
    drawn = torch.Generator().manual_seed(0)
    levels = [torch.randn(3, 1, size, size, generator=drawn) for size in (4, 8)]
    masks = (torch.rand(3, 1, 8, 8, generator=drawn) > 0.6).float()
    counts, copies = torch.tensor([1.0, 3.0, 1.0]), [0, 1, 1, 1, 2]
    copied = mask_learner.loss_of([one[copies] for one in levels], masks[copies], deep=0.5)
    weighed = mask_learner.loss_of(levels, masks, counts / counts.mean(), deep=0.5)
    assert float(weighed) == pytest.approx(float(copied), rel=1e-5)


def test_a_batch_says_what_its_pictures_count_only_where_they_differ(data: TrainingSet) -> None:
    order = np.random.default_rng(0).permutation(len(data.train))
    alike = Batches(Pictures(data.train, SPEC), targets(data.train), order, 8, weights=weights(data.train))
    assert {len(batch) for batch in alike} == {2}
    made = heavy(data, target=0, weight=3.0)
    counts = weights(made.train)
    assert counts is not None
    assert counts.mean() == pytest.approx(1)
    batches = list(Batches(Pictures(made.train, SPEC), targets(made.train), order, 8, weights=counts))
    found = torch.cat([batch[2] for batch in batches]).numpy()
    assert np.array_equal(found, counts[order])


def test_every_tile_counts_what_its_picture_does(lines: TrainingSet) -> None:
    examples: list[Example] = [replace(one, weight=3.0 if one.mask is None else 1.0) for one in lines.train]
    batches = TileBatches(
        MaskedPictures(examples, classes=1), masked_spec(), UnetParams(tile=32, tiles=2, batch=7), epoch=0
    )
    found = [
        (bool(mask.any()), float(count))
        for _, masks, counts in batches
        for mask, count in zip(masks, counts, strict=True)
    ]
    assert len(found) == 2 * len(examples)
    assert len({count for _, count in found}) == 2
    assert {count for any_, count in found if any_} == {min(count for _, count in found)}


def masked_spec() -> Input:
    return Input(64, "native", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("linear", {}),
        ("boosted", {"search": "none"}),
        ("transfer", {"epochs": 8, "freeze": "none", "lr": 5e-3, "patience": 0}),
    ],
)
def test_of_two_words_on_a_picture_a_model_believes_the_heavier(
    data: TrainingSet, tmp_path: Path, name: str, values: dict[str, Any]
) -> None:
    alone = replace(data, calibration=())
    assert believed(alone if name == "transfer" else data, tmp_path, name, **values) > 0.6


def test_of_two_masks_of_a_picture_a_model_believes_the_heavier(lines: TrainingSet, tmp_path: Path) -> None:
    marked = [one for one in lines.train if one.mask]
    blank = [replace(one, mask=None, target=0, image_id=f"{one.image_id}?") for one in marked]

    def believed(name: str, *, weight: float) -> float:
        """What a model says of marked pixels, 0..255."""
        train = (*(replace(one, weight=weight) for one in marked), *blank)
        masked.train(masked.SMALL, replace(lines, train=train, calibration=()), tmp_path / name)
        found = bundles.load(tmp_path / name / "bundle").predict([look(one) for one in marked[:6]]).maps
        assert found is not None
        return float(np.mean([answer[0][truth(one)].mean() for answer, one in zip(found, marked[:6], strict=True)]))

    assert believed("drawn", weight=8.0) > 2 * believed("blank", weight=1 / 8)


def look(example: Example) -> Pixels:
    return decode(Path(example.path).read_bytes())


def truth(example: Example) -> NDArray[np.bool_]:
    """Where the picture's mask is."""
    assert example.mask is not None
    return np.asarray(masks.decode(Path(example.mask).read_bytes()) > 0)
