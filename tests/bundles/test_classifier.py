"""A classifier bundle in memory."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.bundles import reference
from sightloop.bundles.classifier import Classifier, normalisation, to_tensor
from sightloop.bundles.format import Input
from sightloop.core.arrays import Pixels
from sightloop.core.errors import BadBundle


def _plain(*colour: int, height: int = 20, width: int = 30) -> Pixels:
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, 3)).copy()


def test_it_answers_each_picture_of_a_batch_with_calibrated_probabilities(bundle: Path) -> None:
    outputs = bundles.load(bundle).predict([_plain(250, 130, 130), _plain(130, 130, 250)])
    assert outputs.probabilities.argmax(axis=1).tolist() == [0, 2]
    assert np.allclose(outputs.probabilities.sum(axis=1), 1)
    assert np.allclose(np.linalg.norm(outputs.embeddings, axis=1), 1, atol=1e-5)


def test_a_higher_temperature_makes_it_less_sure(bundle: Path) -> None:
    picture = _plain(250, 130, 130)
    sure = bundles.load(bundle).predict([picture]).probabilities.max()
    bundle_format.write(bundle, replace(bundle_format.parse(bundle), temperature=4.0))
    assert bundles.load(bundle).predict([picture]).probabilities.max() < sure


def test_a_picture_unlike_all_others_is_farther_off_domain_than_a_familiar_one(bundle: Path) -> None:
    familiar, strange = bundles.load(bundle).predict([_plain(250, 128, 128), _plain(20, 20, 20)]).off_domain
    assert familiar is not None
    assert strange is not None
    assert strange > 0.999
    assert familiar < strange


def test_without_a_reference_nothing_is_said_of_strangeness(bundle: Path) -> None:
    (bundle / "reference.npz").unlink()
    bundle_format.write(bundle, bundle_format.parse(bundle))
    assert bundles.load(bundle).predict([_plain(1, 2, 3)]).off_domain == [None]


def test_four_threads_get_the_answers_that_one_gets(bundle: Path) -> None:
    predictor = bundles.load(bundle)
    pictures = [_plain(value, 255 - value, 77) for value in range(0, 256, 8)]
    alone = [predictor.predict([picture]).probabilities for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: predictor.predict([picture]).probabilities, pictures))
    assert np.array_equal(alone, together)


def test_a_batch_gets_the_answers_of_its_pictures_one_by_one(bundle: Path) -> None:
    predictor = bundles.load(bundle)
    pictures = [_plain(value, 100, 30) for value in (0, 90, 200)]
    alone = np.concatenate([predictor.predict([picture]).probabilities for picture in pictures])
    assert np.allclose(predictor.predict(pictures).probabilities, alone)


def test_normalisation_is_value_by_255_less_mean_by_std() -> None:
    spec = Input(4, "squash", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    picture = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    expected = (picture / 255 - np.array(spec.mean)) / np.array(spec.std)
    scale, offset = normalisation(spec)
    assert np.allclose(
        to_tensor([picture], spec, scale=scale, offset=offset)[0], expected.transpose(2, 0, 1), atol=1e-6
    )


def test_a_model_with_another_number_of_classes_is_refused(bundle: Path) -> None:
    bundle_format.write(bundle, replace(bundle_format.parse(bundle), classes=("red", "green")))
    with pytest.raises(BadBundle, match="2 classes"):
        bundles.load(bundle)


def test_a_file_that_is_no_model_is_refused(bundle: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"no model")
    bundle_format.write(bundle, bundle_format.parse(bundle))
    with pytest.raises(BadBundle, match=r"model\.onnx"):
        bundles.load(bundle)


def test_a_bundle_for_an_unknown_task_is_refused(bundle: Path) -> None:
    bundle_format.write(bundle, replace(bundle_format.parse(bundle), task="sing"))
    with pytest.raises(BadBundle, match="sing"):
        bundles.load(bundle)


def test_reading_an_unverified_folder_verifies_it(bundle: Path) -> None:
    (bundle / "card.md").write_text("changed")
    with pytest.raises(BadBundle, match=r"card\.md"):
        Classifier(bundle)


def test_serving_imports_neither_torch_nor_sklearn_nor_scipy() -> None:
    code = (
        "import sys, sightloop.bundles, sightloop.bundles.classifier, sightloop.bundles.card, sightloop.families;"
        "print([name for name in ('torch', 'timm', 'lightning', 'sklearn', 'scipy', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_bank_is_even_over_the_classes_and_no_larger_than_asked() -> None:
    chosen = reference.balanced([0] * 500 + [1] * 20 + [2] * 5, limit=45)
    counts = np.bincount(np.array([0] * 500 + [1] * 20 + [2] * 5)[chosen])
    assert counts.tolist() == [20, 20, 5]


def test_a_damaged_reference_is_refused(bundle: Path) -> None:
    (bundle / "reference.npz").write_bytes(b"PK no arrays")
    bundle_format.write(bundle, bundle_format.parse(bundle))
    with pytest.raises(BadBundle, match="reference"):
        bundles.load(bundle)
