"""A segmenter bundle in memory: a map of every picture's own size, whatever tiles it takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.bundles import reference
from sightloop.bundles.format import Input, Manifest
from sightloop.bundles.segmenter import peaks
from sightloop.core.arrays import Pixels
from sightloop.core.errors import BadBundle

MANIFEST = Manifest(
    task="segment",
    classes=("red", "blue"),
    input=Input(64, "native", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    family="attention_unet",
    backbone="colours",
    params={"multiple": 16},
)
WEIGHT = np.array([[6, -3, -3], [-3, -3, 6]], np.float32)  # (classes, colours)
LEAN = np.array([[0, 0, 0], [0, 0, 2], [0, 0, 0]], np.float32)  # sees the pixel on the right


def write_model(path: Path) -> None:
    """Logits that tell red and blue from the rest, pixel by pixel and a little of the right neighbour."""
    kernel = WEIGHT[:, :, None, None] * np.pad([[1.0]], 1)[None, None] + LEAN[None, None]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "height", "width"])
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2, "height", "width"]),
        helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 3]),
    ]
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["logits"], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("LpNormalization", ["flat"], ["embedding"], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes, "colours", [image], outputs, [numpy_helper.from_array(kernel.astype(np.float32), "kernel")]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    folder.mkdir()
    write_model(folder / "model.onnx")
    bundle_format.write(folder, MANIFEST)
    return folder


def _noise(height: int, width: int, *, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _expected(pixels: Pixels) -> NDArray[np.float64]:
    """What the model says of the whole picture at once, (classes, height, width); not for its last column."""
    image = (pixels / 255 - 0.5) / 0.5
    logits = np.einsum("hwc,kc->khw", image, WEIGHT)
    logits[:, :, :-1] += 2 * image[:, 1:].sum(axis=2)
    found: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return found


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (16, 32), (63, 65), (64, 64), (130, 100), (40, 333)])
def test_a_map_has_its_pictures_own_size_and_the_models_answer_in_every_pixel(
    bundle: Path, size: tuple[int, int]
) -> None:
    pixels = _noise(*size)
    outputs = bundles.load(bundle).predict([pixels])
    assert outputs.maps[0].shape == (2, *size)
    assert outputs.maps[0].dtype == np.uint8
    inside = outputs.maps[0][:, :, :-1].astype(float) - 255 * _expected(pixels)[:, :, :-1]
    assert np.abs(inside).max(initial=0) < (0.51 if max(size) <= 64 else 60)  # tiles see zeros beyond their border
    assert np.abs(inside).mean() < 1 if inside.size else True


def test_every_picture_of_a_batch_is_answered_as_it_is_alone(bundle: Path) -> None:
    predictor, pictures = bundles.load(bundle), [_noise(20, 30), _noise(100, 90, seed=1), _noise(5, 5, seed=2)]
    together = predictor.predict(pictures)
    for row, pixels in enumerate(pictures):
        alone = predictor.predict([pixels])
        assert np.array_equal(together.maps[row], alone.maps[0])
        assert np.array_equal(together.probabilities[row], alone.probabilities[0])
        assert np.allclose(together.embeddings[row], alone.embeddings[0])


def test_no_picture_gets_no_answer(bundle: Path) -> None:
    outputs = bundles.load(bundle).predict([])
    assert (outputs.probabilities.shape, len(outputs.maps), len(outputs.off_domain)) == ((0, 2), 0, 0)


def test_pictures_come_at_their_own_size(bundle: Path) -> None:
    assert bundles.load(bundle).input_size is None


def test_four_threads_get_the_maps_that_one_gets(bundle: Path) -> None:
    predictor = bundles.load(bundle)
    pictures = [_noise(70 + seed, 150, seed=seed) for seed in range(8)]
    alone = [predictor.predict([pixels]).maps[0] for pixels in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pixels: predictor.predict([pixels]).maps[0], pictures))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_embeddings_are_normalised_and_those_of_the_whole_picture(bundle: Path) -> None:
    pixels = np.full((90, 200, 3), (250, 130, 130), np.uint8)
    embedding = bundles.load(bundle).predict([pixels]).embeddings[0]
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)
    assert embedding.argmax() == 0
    assert embedding[0] > 0.99


def test_the_probability_of_a_picture_is_that_of_its_eighth_surest_pixel() -> None:
    found = np.zeros((2, 6, 6), np.uint8)
    found[0].reshape(-1)[:7] = 255
    found[1].reshape(-1)[:8] = 51
    assert peaks(found) == [0, pytest.approx(0.2)]
    assert peaks(np.full((1, 1, 2), 102, np.uint8)) == [pytest.approx(0.4)]


def test_mirrored_copies_cancel_what_the_model_sees_only_on_one_side(bundle: Path) -> None:
    pixels = _noise(32, 32)
    bundle_format.write(bundle, replace(MANIFEST, params={"multiple": 16, "flips": True}))
    predictor = bundles.load(bundle)
    straight, turned = predictor.predict([pixels]).maps[0], predictor.predict([pixels[:, ::-1]]).maps[0]
    assert np.abs(straight.astype(int) - turned[:, :, ::-1]).max() <= 1


def test_a_picture_unlike_all_others_is_farther_off_domain_than_a_familiar_one(bundle: Path) -> None:
    rng = np.random.default_rng(0)
    points = np.array([1.0, 0, 0]) + rng.normal(0, 0.05, (40, 3))
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    arrays = reference.build(points[::2], [0] * 20, held_out=points[1::2], probabilities=np.full((20, 2), 0.5))
    reference.save(bundle / "reference.npz", arrays)
    bundle_format.write(bundle, MANIFEST)
    red, dark = (np.full((20, 20, 3), colour, np.uint8) for colour in ((250, 128, 128), (20, 20, 20)))
    familiar, strange = bundles.load(bundle).predict([red, dark]).off_domain
    assert familiar is not None
    assert strange is not None
    assert strange > 0.999
    assert familiar < strange


def test_a_model_with_another_number_of_classes_is_refused(bundle: Path) -> None:
    bundle_format.write(bundle, replace(MANIFEST, classes=("red",)))
    with pytest.raises(BadBundle, match="expected"):
        bundles.load(bundle)


def test_a_segmenter_that_wants_its_pictures_resized_is_refused(bundle: Path) -> None:
    bundle_format.write(bundle, replace(MANIFEST, input=replace(MANIFEST.input, mode="squash")))
    with pytest.raises(BadBundle, match="squash"):
        bundles.load(bundle)
