"""Pixels to the millimetre."""

from __future__ import annotations

import pytest

from sightloop.core import scale
from sightloop.core.entities import Project
from sightloop.core.errors import Rejected
from tests.store import builders

PROJECT = Project("p", "cracks", "Cracks", "segment", "crack", ("crack",), 0.5, {}, None, 0.0)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 1e7, True, "12", [1]])
def test_what_is_no_number_above_nothing_is_refused(value: object) -> None:
    with pytest.raises(Rejected, match="px_per_mm"):
        scale.check(value)


@pytest.mark.parametrize("value", [None, 1, 12.5, 1e-3])
def test_a_number_of_pixels_or_none_is_taken(value: object) -> None:
    scale.check(value)


@pytest.mark.parametrize(
    ("own", "general", "found"),
    [
        (None, None, (None, None)),
        (None, 8, (8.0, "project")),
        (4, 8, (4.0, "image")),
        (4, None, (4.0, "image")),
    ],
)
def test_a_pictures_own_scale_goes_before_the_projects(own: object, general: object, found: object) -> None:
    image = builders.image("p", 1, meta={"px_per_mm": own})
    project = PROJECT.__class__(**{**vars(PROJECT), "settings": {"px_per_mm": general}})
    assert scale.effective(image, project) == found
