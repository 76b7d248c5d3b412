"""Tests of the records."""

from __future__ import annotations

import dataclasses
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightloop.core import entities
from sightloop.core.entities import Image

RECORDS = [kind for _, kind in inspect.getmembers(entities, dataclasses.is_dataclass)]
LABELS = st.sampled_from([None, "cat", "dog", "unknown"])


def _image(label: str | None = None, predicted: str | None = None) -> Image:
    return Image("i", "p", "0" * 64, "a.jpg", "image/jpeg", 5, 0.0, label=label, predicted=predicted)


@pytest.mark.parametrize("kind", RECORDS)
def test_records_are_frozen(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


@given(LABELS, LABELS)
def test_corrected_means_that_a_human_and_the_model_disagree(label: str | None, predicted: str | None) -> None:
    both = label is not None and predicted is not None
    assert _image(label, predicted).corrected == (both and label != predicted)


def test_a_new_image_waits_and_is_on_no_side() -> None:
    image = _image()
    assert (image.status, image.side, image.verified, image.revision) == ("pending", "none", False, 1)


def test_two_images_never_share_their_free_fields() -> None:
    assert _image().meta is not _image().meta
