"""What the store counts of a cascade's answers, on both databases."""

from __future__ import annotations

from sightloop.core import splits
from sightloop.core.entities import Image, Project
from sightloop.store import cascades, images
from sightloop.store.cascades import Traffic
from sightloop.store.database import Connection, Database
from tests.store import builders

SINCE = 100.0


def said(db: Connection, project: Project, number: int, route: str, *, came: float = 200.0, audit: str = "") -> Image:
    """A picture that came in and was answered "ant" by version v1."""
    image, _ = images.add(db, builders.image(project.id, number, created_at=came))
    image = images.apply_facts(db, image, builders.facts(number))
    figures = {"audit": audit} if audit else None
    return images.apply_prediction(db, image, builders.prediction(image, route=route, figures=figures), None)


def counted(db: Connection, project: Project) -> Traffic:
    return cascades.traffic(db, project.id, "v1", since=SINCE)


def test_answers_are_counted_by_route_and_audits_by_whether_they_agree(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        for number, (route, audit) in enumerate(
            [("fast", ""), ("fast", "ant"), ("fast", "bee"), ("accurate", ""), ("human", ""), ("evaluation", "")]
        ):
            said(db, project, number, route, audit=audit)
        found = counted(db, project)
        assert found == Traffic(fast=3, accurate=1, human=1, audited=2, disagreed=1)
        assert found.answers == 5


def test_a_picture_from_before_or_asked_twice_is_not_counted_again(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        said(db, project, 1, "fast", came=SINCE - 1, audit="bee")
        image = said(db, project, 2, "fast", audit="ant")
        again = builders.prediction(image, route="fast", figures={"audit": "ant"})
        images.apply_prediction(db, image, again, None)
        assert counted(db, project) == Traffic(fast=1, audited=1)
        assert cascades.traffic(db, project.id, "v2", since=SINCE) == Traffic()


def test_only_labelled_pictures_of_the_calibration_side_certify_and_not_all_of_them(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        for number in range(24):
            side = "calibration" if number < 20 else "train"
            image, _ = images.add(
                db, builders.image(project.id, number, label="ant" if number < 18 else None, side=side)
            )
            images.apply_facts(db, image, builders.facts(number))
        found = cascades.certifying(db, project.id, ["ant"])
        assert 0 < len(found) < 18
        certify = {one.id for one in found}
        for number in range(18):
            kept = images.by_sha(db, project.id, builders.image(project.id, number).sha256)
            assert kept is not None
            assert (kept.id in certify) == splits.certifies(kept.sha256)
        assert cascades.certifying(db, project.id, ["bee"]) == []
