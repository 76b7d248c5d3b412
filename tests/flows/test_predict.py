"""Answers about pictures that are not kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sightloop.core.entities import Project, User
from sightloop.core.errors import BadImage, Missing, Unavailable
from sightloop.flows import library, predict
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services

Picture = Callable[..., bytes]
FIELDS = {
    "prediction", "predicted", "reason", "advice", "confidence", "probabilities", "model_used", "model_version",
    "route", "processing_time", "worker_id", "off_domain",
}  # fmt: skip


def test_an_answer_has_every_documented_field(
    services: Services, project: Project, model: Callable[..., int], picture: Picture
) -> None:
    model(project)
    answer = predict.predict(services, user=OPERATOR, project="paint", data=picture("blue"))
    assert set(answer) == FIELDS
    assert (answer["prediction"], answer["model_used"]) == ("blue", "paint/1")
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_a_prediction_keeps_nothing(
    services: Services, project: Project, model: Callable[..., int], picture: Picture
) -> None:
    model(project)
    predict.predict(services, user=OPERATOR, project="paint", data=picture())
    assert library.counts(services, user=OPERATOR, project="paint") == {"trash": 0}


def test_a_version_can_be_asked_for_by_its_number(
    services: Services, project: Project, model: Callable[..., int], picture: Picture
) -> None:
    model(project)
    model(project, live=False, sharpness=1.0)
    asked = predict.predict(services, user=OPERATOR, project="paint", data=picture(), model="2")
    live = predict.predict(services, user=OPERATOR, project="paint", data=picture())
    assert (asked["model_version"], live["model_version"]) == (2, 1)
    assert asked["confidence"] < live["confidence"]


def test_a_project_without_a_model_says_so(services: Services, project: Project, picture: Picture) -> None:
    with pytest.raises(Unavailable, match="'paint' has no model"):
        predict.predict(services, user=OPERATOR, project="paint", data=picture())


def test_junk_is_refused_with_a_reason(services: Services, project: Project, model: Callable[..., int]) -> None:
    model(project)
    with pytest.raises(BadImage):
        predict.predict(services, user=OPERATOR, project="paint", data=b"junk")


def test_somebody_without_a_part_in_the_project_gets_no_answer(
    services: Services, project: Project, model: Callable[..., int], picture: Picture
) -> None:
    model(project)
    other = User(id="other", email="o@example.org", name="O", role="maintainer", created_at=0.0)
    with pytest.raises(Missing):
        predict.predict(services, user=other, project="paint", data=picture())
