"""One look at a file: the model's pixels, and facts that do not depend on the model."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from sightloop.core.errors import BadImage
from sightloop.vision import fingerprint
from sightloop.vision.decode import decode, probe
from sightloop.vision.examine import FACTS_SIDE, examine
from tests.vision import files

LARGE = files.save(files.noisy(1600, 1200), "JPEG", exif=files.exif(6))


@pytest.mark.parametrize("shrink_to", [None, 64, 224, 384, 5000])
def test_the_pixels_are_those_of_decode_and_the_facts_do_not_depend_on_the_model(shrink_to: int | None) -> None:
    pixels, facts = examine(LARGE, shrink_to=shrink_to)
    assert np.array_equal(pixels, decode(LARGE, shrink_to=shrink_to))
    assert facts == examine(LARGE)[1]


def test_the_facts_are_of_the_upright_picture_at_its_own_size() -> None:
    facts = examine(LARGE, shrink_to=64)[1]
    assert (facts.width, facts.height, facts.media_type) == (1200, 1600, "image/jpeg")
    assert (facts.quality["megapixels"], facts.quality["aspect"]) == (1.92, 0.75)
    assert facts.captured_at == probe(LARGE).captured_at == 1714979289.0
    assert facts.pixel_hash == fingerprint.pixel_hash(decode(LARGE, shrink_to=FACTS_SIDE))
    assert facts.phash == fingerprint.perceptual_hash(decode(LARGE, shrink_to=FACTS_SIDE))


def test_the_thumbnail_is_upright_and_tells_nothing() -> None:
    facts = examine(LARGE)[1]
    assert (probe(facts.thumbnail).width, probe(facts.thumbnail).height) == (192, 256)
    assert b"Jane" not in facts.thumbnail
    assert b"EXIF" not in facts.thumbnail


def test_facts_can_be_kept_as_json() -> None:
    facts = examine(LARGE)[1]
    assert json.loads(json.dumps(facts.quality)) == facts.quality


def test_an_exif_edit_keeps_pixel_hash_and_perceptual_hash() -> None:
    scene = files.noisy(1000, 800)
    one, two = (
        examine(files.save(scene, "JPEG", **options))[1]
        for options in ({}, {"exif": files.exif(taken="2001:01:01 01:01:01"), "comment": b"edited"})
    )
    assert dataclasses.replace(one, captured_at=None) == dataclasses.replace(two, captured_at=None)


def test_a_picture_changed_in_one_spot_has_another_pixel_hash() -> None:
    scene = files.noisy(1000, 800)
    spotted = scene.copy()
    spotted[400:412, 500:512] = 255 - spotted[400:412, 500:512]
    one, two = (examine(files.save(pixels, "JPEG"))[1] for pixels in (scene, spotted))
    assert one.pixel_hash != two.pixel_hash
    assert fingerprint.distance(one.phash, two.phash) <= fingerprint.NEAR


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_every_format_can_be_examined(kind: str) -> None:
    pixels, facts = examine(files.save(files.scene(), kind), shrink_to=32)
    assert pixels.shape == (facts.height, facts.width, 3) == (64, 96, 3)


def test_what_cannot_be_decoded_cannot_be_examined() -> None:
    with pytest.raises(BadImage):
        examine(LARGE[: len(LARGE) // 2])


def test_a_black_picture_of_one_pixel_can_be_examined() -> None:
    facts = examine(files.save(Image.new("RGB", (1, 1)), "JPEG"))[1]
    assert (facts.width, facts.height) == (1, 1)
