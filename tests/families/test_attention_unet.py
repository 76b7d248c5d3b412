"""The Attention U-Net learns masks, says how well, and starts from scratch or from the live model."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from sightloop import bundles, families
from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.errors import Cancelled, Rejected
from sightloop.families.weights import read
from sightloop.measure.overlap import dice
from sightloop.vision import masks
from tests.families.masked import SMALL, drawn, train


@pytest.fixture(scope="session")
def made(lines: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Json]:
    """A trained bundle, and what its training returned."""
    place = tmp_path_factory.mktemp("unet")
    said: list[Progress] = []
    out = train(SMALL, lines, place, report=said.append)
    (place / "progress.json").write_text(json.dumps([asdict(progress) for progress in said]))
    return place, out


def test_it_finds_lines_that_it_never_saw_cut_at_a_half(made: tuple[Path, Json]) -> None:
    predictor, seen = bundles.load(made[0] / "bundle"), [drawn(seed=5000 + number) for number in range(6)]
    found = [masks.threshold(found, 0.5) for found in predictor.predict([pixels for pixels, _ in seen]).maps]
    assert np.mean([dice(one, truth) for one, (_, truth) in zip(found, seen, strict=True)]) > 0.7


def test_pictures_of_any_size_get_maps_of_that_size(made: tuple[Path, Json]) -> None:
    predictor = bundles.load(made[0] / "bundle")
    for size in ((20, 30), (130, 150)):
        pixels, truth = drawn(seed=6000, height=size[0], width=size[1])
        assert predictor.predict([pixels]).maps[0].shape == (1, *truth.shape)


def test_the_metrics_are_those_of_the_served_model(made: tuple[Path, Json], lines: TrainingSet) -> None:
    predictor = bundles.load(made[0] / "bundle")
    truth = [
        masks.decode(Path(example.mask).read_bytes()) if example.mask else np.zeros((56, 72), np.uint8)
        for example in lines.calibration
    ]
    pictures = [
        drawn(seed=1000 + number, empty=example.mask is None)[0] for number, example in enumerate(lines.calibration)
    ]
    found = [masks.threshold(found, 0.5) for found in predictor.predict(pictures).maps]
    both = sum(2 * int((one & other).sum()) for one, other in zip(found, truth, strict=True))
    either = sum(int(one.sum() + other.sum()) for one, other in zip(found, truth, strict=True))
    assert made[1]["metrics"]["calibration"]["dice"]["value"] == pytest.approx(both / either)


def test_the_threshold_that_was_folded_in_is_on_the_card(made: tuple[Path, Json]) -> None:
    thresholds = made[1]["metrics"]["thresholds"]
    assert 0 < thresholds["crack"] < 1
    card = (made[0] / "bundle" / "card.md").read_text()
    assert f"{thresholds['crack']:.3f}" in card
    assert "temperature" not in card.lower()


def test_a_bundle_holds_all_that_serving_and_going_on_need(made: tuple[Path, Json]) -> None:
    manifest = bundle_format.read(made[0] / "bundle")
    assert set(manifest.files) == {"model.onnx", "weights.safetensors", "reference.npz", "card.md"}
    assert (manifest.task, manifest.classes, manifest.input.mode) == ("segment", ("crack",), "native")
    assert (manifest.snapshot, manifest.params["multiple"], manifest.backbone) == ("abc", 16, "plain")
    assert json.dumps(made[1])
    assert b".py" not in (made[0] / "bundle" / "model.onnx").read_bytes()


def test_every_epoch_is_reported_once_with_its_figures(made: tuple[Path, Json]) -> None:
    said = json.loads((made[0] / "progress.json").read_text())
    epochs = [progress["figures"] for progress in said if "epoch" in progress["figures"]]
    assert [figures["epoch"] for figures in epochs] == list(range(1, len(made[1]["history"]) + 1))
    assert all(set(figures) == {"epoch", "loss", "dice", "lr", "seconds"} for figures in epochs)


def test_familiar_pictures_are_not_all_off_domain(made: tuple[Path, Json]) -> None:
    predictor = bundles.load(made[0] / "bundle")
    shares = predictor.predict([drawn(seed=1000 + number)[0] for number in range(4)]).off_domain
    assert all(share is not None for share in shares)
    assert min(share for share in shares if share is not None) < 1


def test_it_goes_on_from_the_live_model_with_all_its_layers(
    made: tuple[Path, Json], lines: TrainingSet, tmp_path: Path
) -> None:
    values = {**SMALL, "weights": "live", "epochs": 1, "lr": 1e-7, "augment": False}
    out = train(values, lines, tmp_path, live=made[0] / "bundle")
    assert out["metrics"]["calibration"]["dice"]["value"] == pytest.approx(
        made[1]["metrics"]["calibration"]["dice"]["value"], abs=0.05
    )
    before, after = (read(place / "bundle" / "weights.safetensors") for place in (made[0], tmp_path))
    name = "encoder.levels.0.0.0.weight"
    assert np.allclose(before[name].numpy(), after[name].numpy(), atol=1e-4)
    assert "live model" in (tmp_path / "bundle" / "card.md").read_text()


def test_a_live_model_of_other_classes_is_refused_as_a_start(
    made: tuple[Path, Json], lines: TrainingSet, tmp_path: Path
) -> None:
    with pytest.raises(Rejected, match="no start"):
        train({**SMALL, "weights": "live"}, replace(lines, classes=("rust",)), tmp_path, live=made[0] / "bundle")


def test_without_a_live_model_going_on_from_it_is_refused(lines: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no live model"):
        train({**SMALL, "weights": "live"}, lines, tmp_path)


def test_weights_for_the_plain_encoder_are_refused_not_ignored(lines: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="plain encoder"):
        train({**SMALL, "weights": "auto"}, lines, tmp_path)
    with pytest.raises(Rejected, match="plain encoder"):
        families.check_weights("attention_unet", {"backbone": "plain"}, tmp_path)


def test_a_training_side_without_masks_is_refused(lines: TrainingSet, tmp_path: Path) -> None:
    bare = tuple(replace(example, mask=None, target=0) for example in lines.train)
    with pytest.raises(Rejected, match="none of the 20"):
        train(SMALL, replace(lines, train=bare), tmp_path)


def test_a_plain_transformer_is_refused_for_its_single_stride(lines: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="strides 16"):
        train({**SMALL, "backbone": "vit_tiny_patch16_224", "input_size": 224}, lines, tmp_path)


def test_a_cancelled_training_leaves_no_bundle(lines: TrainingSet, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if "epoch" in progress.figures:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        train(SMALL, lines, tmp_path, report=stop)
    assert not (tmp_path / "bundle").exists()
