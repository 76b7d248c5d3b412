"""Who said what of pictures: corrections, people below maintainer, second opinions, and the model's own guesses."""

from __future__ import annotations

import dataclasses

import pytest

from sightloop.core.entities import Image, Project, Role, User
from sightloop.core.ids import new_id
from sightloop.store import contributions, images, projects
from sightloop.store.contributions import Given
from sightloop.store.database import Connection, Database
from tests.store import builders

ACCOUNTS: tuple[Role, ...] = ("viewer", "maintainer", "admin")
HERE: tuple[Role | None, ...] = (None, "reviewer", "maintainer", "admin")
GUESS = {"ant": 0.7, "bee": 0.2, "cow": 0.1}


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db, classes=("ant", "bee", "cow"))


def answered(db: Connection, project: Project, number: int, *, version: str = "v1", at: float = 2.0) -> Image:
    """A picture that a version takes for an ant."""
    image, _ = images.add(db, builders.image(project.id, number))
    said = builders.prediction(image, version_id=version, created_at=at, probabilities=GUESS)
    return images.apply_prediction(db, image, said, None)


def say(db: Connection, image: Image, value: str | None, user: User | None, action: str = "correct") -> Image:
    [now] = images.many(db, [image.id])
    return images.relabel(db, now, value=value, action=action, by=user.id if user else None)


def test_only_a_word_by_hand_against_the_model_is_a_correction(database: Database, project: Project) -> None:
    with database.begin() as db:
        ann = builders.user(db)
        against, alike = say(db, answered(db, project, 1), "bee", ann), say(db, answered(db, project, 2), "ant", ann)
        imported = say(db, answered(db, project, 3), "bee", ann, action="import")
        unseen, _ = images.add(db, builders.image(project.id, 4))
        unseen, silent = say(db, unseen, "bee", None), answered(db, project, 5)
        found = contributions.given(db, [one.id for one in (against, alike, imported, unseen, silent)])
    assert silent.id not in found
    assert [found[one.id].correction for one in (against, alike, imported, unseen)] == [True, False, False, False]
    assert found[against.id] == Given(against.id, "bee", ann.id, "correct", "ant")
    assert (found[unseen.id].by, found[unseen.id].predicted) == (None, None)


def test_admins_and_maintainers_of_the_project_are_trusted_and_nobody_else(
    database: Database, project: Project
) -> None:
    with database.begin() as db:
        people = {
            (account, here): builders.user(db, f"{account}-{here}@example.org", role=account)
            for account in ACCOUNTS
            for here in HERE
        }
        for (_, here), user in people.items():
            if here is not None:
                projects.set_member(db, project.id, user_id=user.id, role=here)
        ids = {user.id for user in people.values()}
        below = contributions.below_maintainer(db, project.id, {*ids, "nobody"})
        other = builders.project(db, name="other")
        elsewhere = contributions.below_maintainer(db, other.id, ids)
    weak = {key for key, user in people.items() if user.id in below}
    assert weak == {(one, here) for one in ("viewer", "maintainer") for here in (None, "reviewer")}
    assert elsewhere == {user.id for (account, _), user in people.items() if account != "admin"}
    assert "nobody" not in below


def test_names_are_those_of_accounts_that_are_there(database: Database) -> None:
    with database.begin() as db:
        ann = builders.user(db)
        assert contributions.names(db, {ann.id, "nobody"}) == {ann.id: "Ann"}


def test_a_word_is_seconded_by_somebody_elses_latest_word_alone(database: Database, project: Project) -> None:
    with database.begin() as db:
        ann, bob = builders.user(db), builders.user(db, "bob@example.org")
        alone, twice, changed, seconded = (answered(db, project, number) for number in range(4))
        say(db, alone, "bee", ann)
        say(db, twice, "bee", ann)
        say(db, twice, "ant", ann)
        say(db, twice, "bee", ann)
        say(db, changed, "bee", bob)
        say(db, changed, "cow", bob)
        say(db, changed, "bee", ann)
        say(db, seconded, "bee", bob)
        say(db, seconded, "cow", None)
        say(db, seconded, "bee", ann)
        words = contributions.given(db, [one.id for one in (alone, twice, changed, seconded)])
        assert {one.by for one in words.values()} == {ann.id}
        assert contributions.seconded(db, words) == {seconded.id}


@pytest.mark.parametrize(("word", "likely"), [("ant", True), ("bee", True), ("cow", False), ("dog", False)])
def test_the_two_likeliest_classes_of_an_answer_are_near_enough(
    database: Database, project: Project, word: str, likely: bool
) -> None:
    with database.begin() as db:
        image = answered(db, project, 1)
        words = {image.id: Given(image.id, word, "ann", "correct", "ant")}
        assert (image.id in contributions.likely(db, words, version_id="v1")) == likely


def test_the_named_versions_answer_counts_before_a_newer_one_of_another(database: Database, project: Project) -> None:
    with database.begin() as db:
        image = answered(db, project, 1, version="v1", at=2.0)
        said = builders.prediction(image, version_id="v2", created_at=3.0, probabilities={"cow": 0.9, "ant": 0.1})
        images.apply_prediction(db, images.many(db, [image.id])[0], dataclasses.replace(said, id=new_id()), None)
        words = {image.id: Given(image.id, "bee", "ann", "correct", "cow")}
        assert contributions.likely(db, words, version_id="v1") == {image.id}
        assert contributions.likely(db, words, version_id="v2") == set()
        assert contributions.likely(db, words, version_id="gone") == set()


def test_thousands_of_pictures_are_asked_about_at_once(database: Database, project: Project) -> None:
    with database.begin() as db:
        image = say(db, answered(db, project, 1), "bee", None)
        ids = [new_id() for _ in range(2500)]
        words = contributions.given(db, [*ids, image.id])
        assert words.keys() == {image.id}
        many = words | {one: Given(one, "bee", None, "correct", "ant") for one in ids}
        assert contributions.seconded(db, many) == set()
        assert contributions.likely(db, many, version_id="v1") == {image.id}
