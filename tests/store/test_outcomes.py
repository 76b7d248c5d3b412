"""What versions said while they were judged: kept once per picture, apart from what the product says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sightloop.core.entities import Image
from sightloop.core.ids import new_id
from sightloop.store import images, outcomes
from sightloop.store.database import Database
from tests.store import builders


@pytest.fixture
def image(database: Database) -> Image:
    with database.begin() as db:
        return images.add(db, builders.image(builders.project(db).id))[0]


def test_what_a_version_said_again_replaces_what_it_said_before(database: Database, image: Image) -> None:
    with database.begin() as db:
        assert outcomes.keep(db, [builders.prediction(image, predicted="ant")]) == 1
        assert outcomes.keep(db, [builders.prediction(image, predicted="bee")]) == 1
        assert outcomes.said(db, [image.id], version_ids=["v1"]) == {"v1": {image.id: "bee"}}


def test_an_evaluation_does_not_change_what_is_shown_or_told(database: Database, image: Image) -> None:
    with database.begin() as db:
        outcomes.keep(db, [builders.prediction(image, version_id="candidate")])
        assert images.get(db, image.id) == image
        assert images.predictions_of(db, image.id) == []
        assert [one["kind"] for one in images.history(db, image.id)] == ["stored"]


def test_what_the_product_was_told_counts_as_said_and_stays(database: Database, image: Image) -> None:
    with database.begin() as db:
        images.apply_prediction(db, image, builders.prediction(image, predicted="ant", created_at=1.0), None)
        outcomes.keep(db, [builders.prediction(image, predicted="bee", version_id="v2", created_at=2.0)])
        both = outcomes.said(db, [image.id, "no such picture"], version_ids=["v1", "v2", "v3"])
        assert both == {"v1": {image.id: "ant"}, "v2": {image.id: "bee"}}
        assert len(images.predictions_of(db, image.id)) == 1


def test_figures_are_those_of_judgements_and_not_of_what_the_product_said(database: Database, image: Image) -> None:
    judged = builders.prediction(image, version_id="v2", figures={"dice": 0.75})
    with database.begin() as db:
        images.apply_prediction(db, image, builders.prediction(image, figures={"certainty": 0.5}), None)
        for one in (builders.prediction(image, version_id="v3"), judged):
            outcomes.keep(db, [one])
        found = outcomes.figures(db, [image.id], version_ids=["v1", "v2", "v3"])
    assert found == {"v2": {image.id: {"dice": 0.75}}}


def test_pictures_that_went_away_meanwhile_are_left_out(database: Database, image: Image) -> None:
    gone = replace(builders.prediction(image), id=new_id(), image_id="gone")
    with database.begin() as db:
        assert outcomes.keep(db, [builders.prediction(image), gone]) == 1


def test_more_pictures_than_fit_one_question_are_kept_and_found(database: Database, image: Image) -> None:
    with database.begin() as db:
        many = [images.add(db, builders.image(image.project_id, number))[0] for number in range(1, 701)]
        assert outcomes.keep(db, [builders.prediction(one) for one in many]) == 700
        assert len(outcomes.said(db, [one.id for one in many], version_ids=["v1"])["v1"]) == 700


def test_a_purged_picture_takes_along_what_was_said_of_it(database: Database, image: Image) -> None:
    with database.begin() as db:
        outcomes.keep(db, [builders.prediction(image)])
        images.purge(db, image)
        assert outcomes.said(db, [image.id], version_ids=["v1"]) == {}
