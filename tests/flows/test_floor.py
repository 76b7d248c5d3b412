"""The preview of a floor: what setting it then shows, and who may look."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightloop.core.entities import Project
from sightloop.core.errors import Rejected
from sightloop.flows import floor, library, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from tests.flows import labelled


@pytest.fixture
def answered(services: Services, project: Project) -> Project:
    """Twenty pictures of all confidences, five of them labelled."""
    version = labelled.version(services, project)
    rng = np.random.default_rng(3)
    for number in range(20):
        image = labelled.add(services, project, number, label="green" if number < 5 else None)
        labelled.answer(services, image, version, "red" if number % 2 else "blue", float(rng.random()))
    return project


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=st.floats(0, 1))
def test_the_preview_is_what_the_tabs_show_once_the_floor_is_set(
    services: Services, answered: Project, value: float
) -> None:
    before = library.counts(services, user=OPERATOR, project="paint")
    said = floor.preview(services, user=OPERATOR, project="paint", value=value)
    projects.update(services, user=OPERATOR, name="paint", floor=value)
    assert said["now"] == before
    assert said["counts"] == library.counts(services, user=OPERATOR, project="paint")
    after = floor.preview(services, user=OPERATOR, project="paint", value=value)
    assert (after["current"], after["moved"], after["counts"]) == (value, 0, said["counts"])


def test_what_people_said_is_never_moved(services: Services, answered: Project) -> None:
    said = floor.preview(services, user=OPERATOR, project="paint", value=1.0)
    assert said["counts"] == {"green": 5, "unknown": 15, "trash": 0}


@pytest.mark.parametrize("value", [-0.1, 1.01, math.nan, math.inf])
def test_a_floor_that_is_no_share_is_refused(services: Services, project: Project, value: float) -> None:
    with pytest.raises(Rejected, match="not a share"):
        floor.preview(services, user=OPERATOR, project="paint", value=value)
