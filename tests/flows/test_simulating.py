"""Changed held-out pictures against the others: noticed where they are changed, silent where not, nothing stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import drifting, projects, simulating
from sightloop.flows.access import OPERATOR
from sightloop.flows.drift_changes import Change, changed
from sightloop.flows.services import Services
from tests import tiny
from tests.flows import labelled

COLOURS = tuple(tiny.COLOURS)


@pytest.fixture
def watched(services: Services, project: Project, kept: Callable[..., Image], model: Callable[..., int]) -> Project:
    """A project with nearly a hundred held-out pictures and a live model."""
    projects.update(services, user=OPERATOR, name=project.name, settings={"ratios": [0.05, 0.05, 0.9]})
    for number in range(90):
        image = kept(tiny.picture(COLOURS[number % 3], seed=number), f"{number}.jpg")
        labelled.relabel(services, image, COLOURS[number % 3])
    model(project)
    return project


def test_unchanged_pictures_are_no_drift(services: Services, watched: Project) -> None:
    found = simulating.simulate(services, user=OPERATOR, project="paint", change=Change(blur=8), share=0.0)
    assert (found["alarm"], found["kind"], found["changed"]) == (False, "none", 0)
    assert found["n"] + found["held_out"] > 70
    assert 0 <= found["held_out"] - found["n"] <= 1


def test_blurred_pictures_are_noticed_and_nothing_is_kept(services: Services, watched: Project) -> None:
    found = simulating.simulate(services, user=OPERATOR, project="paint", change=Change(blur=8), share=0.8, n=40)
    assert (found["alarm"], found["n"], found["changed"]) == (True, 40, 32)
    assert "statistics" in found["sentence"]
    with pytest.raises(Missing):
        drifting.show(services, user=OPERATOR, project="paint")


@pytest.mark.parametrize("wrong", [{"blur": -1.0}, {"noise": 1000.0}, {"brightness": float("nan")}])
def test_an_amount_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(Rejected, match="does not fit"):
        Change(**wrong)


def test_a_change_does_what_it_says() -> None:
    pixels = np.random.default_rng(0).integers(60, 120, (64, 256, 3), dtype=np.uint8)
    assert changed(pixels, Change(), seed=0) is pixels
    assert changed(pixels, Change(blur=2), seed=0).std() < pixels.std() / 2
    assert changed(pixels, Change(brightness=2), seed=0).mean() == pytest.approx(2 * pixels.mean(), rel=0.01)
    noisy = changed(pixels, Change(noise=10), seed=0).astype(float) - pixels
    assert noisy.std() == pytest.approx(10, rel=0.05)
