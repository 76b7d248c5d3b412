"""Previews: large, upright, never enlarged, without metadata."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import BadImage, Missing, Rejected
from sightloop.flows import library
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.vision import encode
from sightloop.vision.decode import decode, probe
from tests.vision import files

Kept = Callable[..., Image]


def preview(services: Services, image: Image, side: int) -> bytes:
    return library.preview(services, user=OPERATOR, image_id=image.id, side=side)


@pytest.mark.parametrize(("side", "size"), [(256, (256, 192)), (300, (300, 225)), (4096, (640, 480))])
def test_a_preview_is_at_most_as_large_as_asked_and_never_larger_than_the_picture(
    services: Services, project: Project, kept: Kept, side: int, size: tuple[int, int]
) -> None:
    image = kept(encode.jpeg(files.noisy(640, 480)))
    header = probe(preview(services, image, side))
    assert (header.width, header.height, header.media_type) == (*size, "image/webp")


def test_a_preview_is_upright_and_tells_nothing_of_camera_and_place(
    services: Services, project: Project, kept: Kept
) -> None:
    pixels = files.scene(320, 200)
    turned = files.turned(pixels, "JPEG", 6, quality=95)
    data = preview(services, kept(turned), 1024)
    assert b"Exif" not in data
    assert decode(data).shape == (200, 320, 3)
    assert np.abs(decode(data).astype(int) - pixels).mean() < 12


@pytest.mark.parametrize("side", [255, 4097, 0, -1])
def test_another_side_is_refused(services: Services, project: Project, kept: Kept, side: int) -> None:
    image = kept(encode.jpeg(files.scene()))
    with pytest.raises(Rejected, match=str(side)):
        preview(services, image, side)


def test_an_unreadable_picture_and_a_missing_one_have_no_preview(
    services: Services, project: Project, kept: Kept
) -> None:
    whole = encode.jpeg(files.noisy(640, 480))
    with pytest.raises(BadImage):
        preview(services, kept(whole[: len(whole) // 2]), 1024)
    with pytest.raises(Missing):
        library.preview(services, user=OPERATOR, image_id="nobody")
