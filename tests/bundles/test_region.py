"""A bundle that looks at a part of the picture: the same part in training and in serving."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.bundles.classifier import decode_side, resized
from sightloop.bundles.format import Input
from sightloop.core.arrays import Pixels
from sightloop.core.errors import BadBundle
from sightloop.vision import eye

SPEC = Input(16, "crop", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "eye")


def pupil(middle: tuple[int, int] = (60, 80)) -> Pixels:
    """A dark disc in a blue surround on red."""
    down, across = np.mgrid[:200, :300]
    distance = np.hypot(down - middle[0], across - middle[1])
    pixels = np.full((200, 300, 3), (255, 60, 60), np.uint8)
    pixels[distance < 60] = (200, 200, 255)
    pixels[distance < 18] = (20, 20, 90)
    return pixels


def test_only_the_part_round_the_eye_is_looked_at() -> None:
    pixels = pupil()
    found = eye.region(pixels)
    part = pixels[found.top : found.top + found.height, found.left : found.left + found.width]
    assert found.found
    assert np.array_equal(resized(pixels, SPEC), resized(part, replace(SPEC, region="")))


def test_the_whole_picture_is_decoded_larger_where_a_part_is_cut_out() -> None:
    assert (decode_side(SPEC), decode_side(replace(SPEC, region=""))) == (32, 16)


def test_a_bundle_with_a_region_answers_from_that_part(bundle: Path) -> None:
    manifest = bundle_format.parse(bundle)
    whole = bundles.load(bundle).predict([pupil()]).probabilities[0]
    bundle_format.write(bundle, replace(manifest, input=SPEC))
    cut = bundles.load(bundle)
    assert cut.input_size == 32
    assert (int(whole.argmax()), int(cut.predict([pupil()]).probabilities[0].argmax())) == (0, 2)


def test_a_region_that_nobody_knows_is_refused(bundle: Path) -> None:
    bundle_format.write(bundle, replace(bundle_format.parse(bundle), input=replace(SPEC, region="nose")))
    with pytest.raises(BadBundle):
        bundles.load(bundle)
