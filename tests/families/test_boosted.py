"""Family boosted: what its search chooses, what its trees begin at, and whose encoder it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightloop import bundles, families
from sightloop.bundles import format as bundle_format
from sightloop.bundles.boosted import Boosted
from sightloop.bundles.classifier import Classifier
from sightloop.core.arrays import Pixels
from sightloop.core.entities import Example, Json, Progress, TrainingSet
from sightloop.core.errors import Cancelled, Rejected
from sightloop.families import boosting, embedding, logistic, preparing, starting
from sightloop.families.embedding import Learnt
from sightloop.families.parameters import BoostedParams
from sightloop.vision.decode import decode

SMALL: dict[str, Any] = {"backbone": "test_resnet", "weights": "none", "input_size": 32}
BOOSTED: dict[str, Any] = {**SMALL, "search": "none"}
TRANSFER: dict[str, Any] = {**SMALL, "epochs": 2, "freeze": "none", "views": 1, "patience": 0}


def train(
    name: str, values: dict[str, Any], data: TrainingSet, place: Path, *, live: Path | None = None, **extra: Any
) -> Json:
    context = {"weights_dir": "", "created_at": 1_700_000_000.0, "live": str(live) if live else None}
    return families.get(name).train(
        data, families.params(name, values), folder=place / "bundle", work=place / "work",
        report=extra.get("report", lambda _: None), context=context,
    )  # fmt: skip


@pytest.fixture(scope="module")
def linear(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("linear")
    train("linear", SMALL, data, place)
    return place / "bundle"


@pytest.fixture(scope="module")
def boosted(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("boosted")
    train("boosted", BOOSTED, data, place)
    return place / "bundle"


@pytest.fixture(scope="module")
def tuned(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fine-tuned bundle."""
    place = tmp_path_factory.mktemp("tuned")
    train("transfer", TRANSFER, data, place)
    return place / "bundle"


def _pictures(examples: tuple[Example, ...]) -> list[Pixels]:
    return [decode(Path(example.path).read_bytes(), shrink_to=32) for example in examples]


def _classifier(folder: Path) -> Classifier:
    found = bundles.load(folder)
    assert isinstance(found, Classifier)
    return found


def _learnt(count: int = 90, *, classes: int = 3, together: int = 1) -> Learnt:
    """Points on a sphere whose class a linear layer cannot tell: it depends on the product of two coordinates."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(count, 8))
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    truth = (points[:, 0] * points[:, 1] > 0).astype(np.int64) + (classes - 2) * (points[:, 2] > 0.4)
    return Learnt(points, truth, [str(number // together) for number in range(count)], classes)


def _fitted(learnt: Learnt, **values: Any) -> tuple[float, list[Json]]:
    """The loss of the layer alone, and the rows of the search that goes on from it."""
    parts = embedding.folds(learnt, 3)
    below = logistic.fit(learnt, parts, c=0.0, report=lambda _: None)
    params = BoostedParams(**{"least": 3, "columns": 1.0, "threads": 1, **values})
    judge = boosting.Judge(learnt, parts, begin=below.unseen, params=params, report=lambda _: None)
    return next(row["loss"] for row in below.history if row["chosen"]), boosting.fit(judge)[1]


@pytest.mark.parametrize("classes", [2, 3])
def test_trees_learn_what_a_linear_layer_cannot_tell(classes: int) -> None:
    alone, rows = _fitted(_learnt(600, classes=classes), search="none", leaves=8)
    assert rows[0]["loss"] < alone - 0.1


def test_trees_begin_at_the_layer_so_that_none_are_no_worse_than_it() -> None:
    alone, rows = _fitted(_learnt(60), search="none", least=50)
    assert rows[0]["loss"] == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize(("search", "count"), [("none", 1), ("grid", 16), ("tpe", 5)])
def test_the_choice_with_the_least_loss_is_taken(search: str, count: int) -> None:
    rows = _fitted(_learnt(), search=search, trials=5)[1]
    assert [row["trial"] for row in rows] == list(range(count))
    assert [row["loss"] for row in rows if row["chosen"]] == [min(row["loss"] for row in rows)]


def test_a_search_tries_what_the_parameters_ask_for_first_and_is_the_same_twice() -> None:
    first, again = (_fitted(_learnt(), search="tpe", trials=4, leaves=77, seed=3)[1] for _ in range(2))
    assert first == again
    assert first[0]["leaves"] == 77
    assert len({row["learning_rate"] for row in first}) == 4


def test_no_group_is_on_both_sides_of_a_fold() -> None:
    learnt = _learnt(60, together=5)
    names = np.array(learnt.names)
    for inside, outside in embedding.folds(learnt, 4):
        assert not set(names[inside]) & set(names[outside])
        assert len(inside) + len(outside) == 60


def test_pictures_of_one_group_alone_are_refused(data: TrainingSet, tmp_path: Path) -> None:
    joined = tuple(replace(example, group_id="one") for example in data.train)
    with pytest.raises(Rejected, match="two groups"):
        train("boosted", BOOSTED, replace(data, train=joined), tmp_path)


def test_the_same_seed_gives_the_same_bundle(boosted: Path, data: TrainingSet, tmp_path: Path) -> None:
    train("boosted", BOOSTED, data, tmp_path)
    assert bundle_format.read(tmp_path / "bundle").files == bundle_format.read(boosted).files


def test_two_classes_are_enough(data: TrainingSet, tmp_path: Path) -> None:
    sides = [tuple(one for one in side if one.target < 2) for side in (data.train, data.calibration)]
    out = train("boosted", BOOSTED, TrainingSet(data.classes[:2], *sides), tmp_path)
    found = bundles.load(tmp_path / "bundle").predict(_pictures(sides[1])).probabilities
    right = (found.argmax(axis=1) == [example.target for example in sides[1]]).mean()
    assert out["metrics"]["calibration"]["accuracy"]["value"] == pytest.approx(right)
    assert right > 0.5


def test_a_person_can_stop_it_while_it_chooses_the_trees(data: TrainingSet, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if "choosing the trees: try 2" in progress.message:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        train("boosted", {**SMALL, "search": "tpe", "trials": 3}, data, tmp_path, report=stop)
    assert not (tmp_path / "bundle" / "manifest.json").exists()


def test_an_encoder_shared_with_linear_has_one_id_and_serves_both(
    linear: Path, boosted: Path, data: TrainingSet
) -> None:
    first, second = _classifier(linear), _classifier(boosted)
    assert first.manifest.encoder == second.manifest.encoder
    assert isinstance(second, Boosted)
    pictures = _pictures(data.calibration)
    logits = second.raw(pictures)[0]
    assert np.allclose(second.logits_of(first.predict(pictures).embeddings), logits, atol=1e-4)


@pytest.mark.parametrize("other", [{"input_size": 48}, {"resize": "crop"}, {"region": "eye"}, {"seed": 1}])
def test_an_encoder_with_other_weights_or_another_input_has_another_id(other: dict[str, Any]) -> None:
    ids = set()
    for values in (SMALL, {**SMALL, **other}):
        params, body = starting.create(families.params("boosted", values), {"weights_dir": ""})
        ids.add(preparing.identity(params, body))
    assert len(ids) == 2


def test_it_goes_on_from_the_encoder_of_the_live_model(tuned: Path, data: TrainingSet, tmp_path: Path) -> None:
    values = {**BOOSTED, "weights": "live", "input_size": 64}
    train("boosted", values, data, tmp_path, live=tuned)
    first, second = _classifier(tuned), _classifier(tmp_path / "bundle")
    assert second.manifest.encoder == first.manifest.encoder
    assert second.manifest.input == first.manifest.input
    pictures = _pictures(data.calibration)
    assert np.allclose(first.predict(pictures).embeddings, second.predict(pictures).embeddings, atol=1e-5)
    assert "live model" in (tmp_path / "bundle" / "card.md").read_text()


def test_a_live_model_with_another_backbone_is_refused_as_a_start(
    tuned: Path, data: TrainingSet, tmp_path: Path
) -> None:
    with pytest.raises(Rejected, match="test_resnet, not test_vit"):
        train("boosted", {**BOOSTED, "backbone": "test_vit", "weights": "live"}, data, tmp_path, live=tuned)


def test_without_a_live_model_going_on_from_it_is_refused(data: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no live model"):
        train("boosted", {**BOOSTED, "weights": "live"}, data, tmp_path)


def test_a_live_model_without_weights_is_refused_as_a_start(linear: Path, data: TrainingSet, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes((linear / "manifest.json").read_bytes())
    with pytest.raises(Rejected, match="brought no weights"):
        train("boosted", {**BOOSTED, "weights": "live"}, data, tmp_path, live=tmp_path)


def test_a_transformer_embeds_for_the_trees(data: TrainingSet, tmp_path: Path) -> None:
    out = train("boosted", {**BOOSTED, "backbone": "test_vit"}, data, tmp_path)
    found = bundles.load(tmp_path / "bundle").predict(_pictures(data.calibration)).probabilities
    assert np.isfinite(found).all()
    assert out["metrics"]["onnx_gap"] < 1e-4


def test_a_plan_grows_with_what_is_tried(tmp_path: Path) -> None:
    def plan(**values: Any) -> Json:
        params = families.params("boosted", {**SMALL, **values})
        return families.plan("boosted", {"train": 500}, params, weights=tmp_path)

    assert plan(search="none")["seconds"]["fitting"] < plan(trials=40)["seconds"]["fitting"]
    assert plan()["seconds"]["total"] > 0
