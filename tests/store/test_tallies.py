"""Tallies: whatever is done, they equal a recount, no word is lost, and revisions only grow."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete

from sightloop.core.entities import Facts, Prediction
from sightloop.core.errors import Conflict
from sightloop.store import images, tables, tallies
from sightloop.store.database import Database
from tests.store import builders

NUMBERS = st.integers(0, 12)
WORDS = st.sampled_from(["ant", "bee", "unknown", None])
SIDES = st.sampled_from(["none", "train", "test"])
NAMES = itertools.count()


def test_the_summary_counts_by_side_source_and_size(sqlite_database: Database) -> None:
    with sqlite_database.begin() as db:
        project = builders.project(db)
        image, _ = images.add(db, builders.image(project.id, side="train", label="ant", site="meadow"))
        images.apply_facts(db, image, builders.facts(quality={"issues": ["dark"]}))
        found = tallies.summary(db, project.id)
    assert found["classes"] == [{"class": "ant", "side": "train", "source": "upload", "n": 1}]
    assert found["labels"] == [{"class": "ant", "side": "train", "status": "ready", "n": 1}]
    assert (found["widths"], found["heights"], found["issues"]) == ({64: 1}, {48: 1}, {"dark": 1})
    assert (found["images"], found["verified"], found["corrected"], found["sites"]) == (1, 1, 0, {"meadow": 1})


def test_every_size_is_counted_however_many_there_are(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        counts = tallies.Counts({("width", str(width)): width % 7 + 1 for width in range(1, 3000)})
        tallies.add(db, project.id, counts)
        found = tallies.summary(db, project.id)["widths"]
    assert found == {width: width % 7 + 1 for width in range(1, 3000)}


def test_a_class_named_with_tabs_is_counted_as_itself(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        images.add(db, builders.image(project.id, label="odd\tname"))
        assert tallies.summary(db, project.id)["classes"][0]["class"] == "odd\tname"


def test_wrong_tallies_are_noticed_and_repaired(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        images.add(db, builders.image(project.id))
        db.execute(delete(tables.tallies))
        with pytest.raises(Conflict, match="differ from a recount"):
            tallies.verify(db, project.id)
        tallies.rebuild(db, project.id)
        tallies.verify(db, project.id)


class Library(RuleBasedStateMachine):
    """Does anything to images, in any order."""

    database: Database
    known: Bundle[str] = Bundle("known")

    @initialize()
    def start(self) -> None:
        self.revisions: dict[str, int] = {}
        self.words: dict[str, list[str | None]] = {}
        with self.database.begin() as db:
            self.project = builders.project(db, name=f"p{next(NAMES)}")

    @rule(target=known, number=NUMBERS, label=WORDS, side=SIDES)
    def add(self, number: int, label: str | None, side: Any) -> str:
        with self.database.begin() as db:
            image, made = images.add(db, builders.image(self.project.id, number, label=label, side=side))
        if made:
            self.words[image.id] = [] if label is None else [label]
        return image.id

    @rule(name=known, pixels=NUMBERS, word=WORDS, confidence=st.floats(0, 1), both=st.booleans())
    def answer(self, name: str, pixels: int, word: str | None, confidence: float, both: bool) -> None:
        with self.database.begin() as db:
            for image in images.many(db, [name]):
                quality = {"issues": ["dark"]} if pixels % 2 else {}
                told = builders.facts(pixels // 2, width=60 + pixels, quality=quality)
                said = builders.prediction(image, predicted=word or "ant", confidence=confidence)
                facts: Facts | None = told if both or word is None else None
                answer: Prediction | None = None if word is None else said
                images.apply_answers(db, [(image, facts, answer, builders.vector() if answer else None)])

    @rule(name=known, value=WORDS)
    def relabel(self, name: str, value: str | None) -> None:
        with self.database.begin() as db:
            for image in images.many(db, [name]):
                images.relabel(db, image, value=value, action="correct", by="ann", revision=image.revision)
                self.words[name].append(value)

    @rule(name=known, thrown=st.booleans())
    def throw_or_restore(self, name: str, thrown: bool) -> None:
        with self.database.begin() as db:
            (images.trash_many if thrown else images.restore_many)(db, images.many(db, [name]), by="ann")

    @rule(name=known)
    def unreadable(self, name: str) -> None:
        with self.database.begin() as db:
            for image in images.many(db, [name]):
                images.mark_unreadable(db, image, "truncated")

    @rule(name=consumes(known))
    def purge(self, name: str) -> None:
        with self.database.begin() as db:
            for image in images.many(db, [name]):
                images.purge(db, image)
        self.revisions.pop(name, None)
        self.words.pop(name, None)

    @rule(floor=st.floats(0, 1), classes=st.sampled_from([("ant",), ("ant", "bee")]))
    def refloor(self, floor: float, classes: tuple[str, ...]) -> None:
        with self.database.begin() as db:
            images.refloor(db, self.project.id, floor=floor, classes=classes)

    @invariant()
    def holds(self) -> None:
        with self.database.connect() as db:
            tallies.verify(db, self.project.id)
            there = list(images.stream(db, self.project.id, filters=images.Filters(trashed=None)))
            said = {it.id: [word.value for word in images.labels_of(db, it.id)] for it in there}
        assert said == self.words
        assert all(it.label == (said[it.id][-1] if said[it.id] else None) for it in there)
        assert all(it.revision >= self.revisions.get(it.id, 0) for it in there)
        self.revisions = {it.id: it.revision for it in there}


def test_any_sequence_of_changes_keeps_tallies_words_and_revisions_right(database: Database) -> None:
    class Here(Library):
        pass

    Here.database = database
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
