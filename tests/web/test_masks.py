"""Masks over HTTP: maps and masks as PNG, a drawn mask as the body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Image
from sightloop.flows.services import Services
from sightloop.vision import encode, masks
from sightloop.vision.decode import decode
from tests import tiny_masks


@pytest.fixture
def image(services: Services, admin: TestClient, tmp_path: Path) -> Image:
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path)
    return tiny_masks.upload(services, 1)


def test_the_map_of_a_picture_is_a_grey_png_of_its_own_size(admin: TestClient, image: Image) -> None:
    found = admin.get(f"/api/v1/images/{image.id}/map", params={"class": "crack"})
    assert found.headers["content-type"] == "image/png"
    values = decode(found.content)[..., 0]
    assert values.shape == (image.height, image.width)
    assert np.array_equal(values >= 128, tiny_masks.draw(1)[1] == 1)


def test_a_map_that_a_browser_has_is_not_sent_again(admin: TestClient, image: Image) -> None:
    first = admin.get(f"/api/v1/images/{image.id}/map")
    again = admin.get(f"/api/v1/images/{image.id}/map", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_a_drawn_mask_comes_back_as_it_was_sent(admin: TestClient, image: Image) -> None:
    drawn = tiny_masks.draw(5)[1]
    sent = admin.put(f"/api/v1/images/{image.id}/mask", content=encode.png(drawn), params={"revision": image.revision})
    assert sent.status_code == 200, sent.text
    assert sent.json()["corrected"]
    index = admin.get(f"/api/v1/images/{image.id}/mask", params={"format": "index"})
    assert np.array_equal(decode(index.content)[..., 0], drawn)
    canonical = admin.get(f"/api/v1/images/{image.id}/mask", params={"source": "human"})
    assert np.array_equal(masks.decode(canonical.content), drawn)


def test_an_earlier_mask_is_taken_back_by_its_hash(admin: TestClient, image: Image) -> None:
    where = f"/api/v1/images/{image.id}/mask"
    first = admin.put(where, content=encode.png(tiny_masks.draw(5)[1])).json()["mask"]
    admin.put(where, content=encode.png(tiny_masks.draw(6)[1]))
    assert admin.put(where, params={"of": first}).json()["mask"] == first


def test_a_mask_of_another_size_is_a_sentence_with_both_sizes(admin: TestClient, image: Image) -> None:
    refused = admin.put(f"/api/v1/images/{image.id}/mask", content=encode.png(masks.empty((10, 20))))
    assert refused.status_code == 422
    assert "64 × 48" in refused.json()["detail"]


def test_a_picture_has_no_mask_of_a_class_that_the_project_does_not_know(admin: TestClient, image: Image) -> None:
    assert admin.get(f"/api/v1/images/{image.id}/map", params={"class": "cat"}).status_code == 404
