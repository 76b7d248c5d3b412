"""The live model's masks against those that people left or drew."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightloop.core.entities import ModelVersion, Project
from sightloop.flows import accuracy, correct, insights
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from tests import tiny_masks
from tests.flows import drawn


@pytest.fixture
def cracks(services: Services) -> Project:
    return tiny_masks.project(services)


@pytest.fixture
def live(services: Services, cracks: Project, tmp_path: Path) -> ModelVersion:
    return tiny_masks.adopt(services, tmp_path)


def test_masks_that_people_left_are_accepted_and_edited_ones_cost_their_dice(
    services: Services, live: ModelVersion
) -> None:
    for seed in range(3):
        image = tiny_masks.upload(services, seed)
        correct.verify(services, user=OPERATOR, image_id=image.id)
    half = drawn.truth(3)
    half[: half.nonzero()[0].min() + 4] = 0
    edited = drawn.add(services, 3, half, side="none")
    assert edited.agreement is not None
    found = accuracy.accuracy(services, user=OPERATOR, project="cracks")
    assert (found["measure"], found["n"], found["compared"]) == ("dice", 4, 4)
    assert found["accepted"]["value"] == 0.75
    assert found["dice"]["value"] == pytest.approx((3 + edited.agreement) / 4)
    assert found["dice"]["low"] < found["dice"]["value"] <= found["dice"]["high"]
    assert found["over_time"][0]["dice"]["value"] == pytest.approx(found["dice"]["value"])


def test_the_confusion_is_about_the_word_for_a_picture_nothing_too(services: Services, live: ModelVersion) -> None:
    drawn.add(services, 0, side="none")
    drawn.add(services, 1, drawn.truth(1) * 0, side="none")
    empty = tiny_masks.upload(services, 2, empty=True)
    correct.correct(services, user=OPERATOR, image_id=empty.id, value="nothing")
    found = accuracy.accuracy(services, user=OPERATOR, project="cracks")
    assert (found["classes"], found["confusion"]) == (["crack", "nothing"], [[1, 0], [1, 1]])
    assert [(row["name"], row["n"], row["dice"]["value"]) for row in found["per_class"]] == [
        ("crack", 1, 1.0),
        ("nothing", 2, 0.5),
    ]


def test_before_anybody_drew_there_is_no_dice(services: Services, live: ModelVersion) -> None:
    tiny_masks.upload(services, 0)
    found = accuracy.accuracy(services, user=OPERATOR, project="cracks")
    assert (found["n"], found["dice"], found["accepted"], found["compared"]) == (0, None, None, 0)


def test_insights_name_the_word_for_a_picture_without_any_mask(services: Services, live: ModelVersion) -> None:
    drawn.add(services, 1, drawn.truth(1) * 0)
    found = insights.insights(services, user=OPERATOR, project="cracks")
    assert found["classes"] == ["crack", "nothing"]
    assert [(row["class"], row["side"], row["n"]) for row in found["shown"]] == [("nothing", "test", 1)]
