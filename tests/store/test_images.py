"""Images: what is added, said, corrected and thrown away, and what is kept of it."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Conflict, Missing, Rejected
from sightloop.store import embeddings, images, projects, tallies
from sightloop.store.database import Database
from tests.store import builders


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db)


def ready(database: Database, project: Project, number: int = 0, **said: Any) -> Image:
    """A stored picture with facts and a prediction."""
    with database.begin() as db:
        image, _ = images.add(db, builders.image(project.id, number))
        image = images.apply_facts(db, image, builders.facts(number))
        return images.apply_prediction(db, image, builders.prediction(image, **said), builders.vector())


def test_the_same_bytes_are_one_image(database: Database, project: Project) -> None:
    with database.begin() as db:
        first, made = images.add(db, builders.image(project.id))
        second, again = images.add(db, builders.image(project.id, name="other.jpg"))
    assert (made, again) == (True, False)
    assert second == first


def test_the_same_bytes_twice_in_one_batch_are_one_image(database: Database, project: Project) -> None:
    with database.begin() as db:
        done = images.add_many(db, [builders.image(project.id), builders.image(project.id)])
    assert [made for _, made in done] == [True, False]
    assert done[0][0] == done[1][0]


def test_uploading_a_trashed_picture_again_restores_it(database: Database, project: Project) -> None:
    with database.begin() as db:
        first, _ = images.add(db, builders.image(project.id))
        images.trash(db, first, by="ann")
        again, made = images.add(db, builders.image(project.id))
    assert (again.id, again.trashed_at, made) == (first.id, None, False)


def test_a_batch_of_two_projects_is_refused(database: Database, project: Project) -> None:
    with pytest.raises(Rejected, match="belongs to project"), database.begin() as db:
        images.add_many(db, [builders.image(project.id, 1), builders.image("other", 2)])


@pytest.mark.parametrize("name", ["a\0b.jpg", "bad \udcff byte.jpg", "Bär ☃.jpg"])
def test_any_file_name_can_be_stored(database: Database, project: Project, name: str) -> None:
    with database.begin() as db:
        image, _ = images.add(db, builders.image(project.id, name=name))
        assert images.get(db, image.id).name in (name, "a?b.jpg", "bad ? byte.jpg")


def test_a_change_of_two_projects_at_once_is_refused(database: Database, project: Project) -> None:
    with database.begin() as db:
        one, _ = images.add(db, builders.image(project.id))
        two, _ = images.add(db, builders.image(builders.project(db, name="other").id))
        with pytest.raises(Rejected, match="several projects"):
            images.relabel_many(db, [(one, "ant"), (two, "ant")], action="correct", by="ann")


def test_known_bytes_are_found_by_their_hash(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.connect() as db:
        assert images.known(db, project.id, [image.sha256, "0" * 64]) == {image.sha256: image.id}
        assert images.by_sha(db, project.id, image.sha256) == image
        assert images.used(db, [image.sha256, "0" * 64]) == {image.sha256}


def test_equal_pixels_in_another_file_are_a_duplicate(database: Database, project: Project) -> None:
    first = ready(database, project, 1)
    with database.begin() as db:
        other, _ = images.add(db, builders.image(project.id, 2))
        other = images.apply_facts(db, other, builders.facts(1))
    assert (other.status, other.duplicate_of, other.side) == ("duplicate", first.id, "none")
    assert other.quality["issues"] == ["exact_duplicate"]


def test_a_prediction_is_kept_with_its_embedding(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.connect() as db:
        [said] = images.predictions_of(db, image.id)
        vector = embeddings.get(db, image.id, version_id="v1")
    assert (image.predicted, image.shown, image.prediction_id) == ("ant", "ant", said.id)
    assert vector is not None
    assert np.allclose(vector, builders.vector(), atol=1e-3)


def test_a_prediction_never_replaces_a_human_word(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.begin() as db:
        images.relabel(db, image, value="bee", action="correct", by="ann")
        after = images.apply_prediction(db, image, builders.prediction(image, predicted="ant"), None)
    assert (after.shown, after.label, after.corrected) == ("bee", "bee", True)


def test_taking_a_word_back_shows_the_prediction_again(database: Database, project: Project) -> None:
    image = ready(database, project, confidence=0.4)
    with database.begin() as db:
        images.relabel(db, image, value="bee", action="correct", by="ann")
        after = images.relabel(db, image, value=None, action="undo", by="ann")
        words = images.labels_of(db, image.id)
    assert (after.shown, after.label, after.verified) == ("unknown", None, False)
    assert [word.value for word in words] == ["bee", None]


def test_a_correction_of_an_older_revision_carries_what_won(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.begin() as db:
        images.relabel(db, image, value="bee", action="correct", by="ann", revision=image.revision)
    with pytest.raises(Conflict) as raised, database.begin() as db:
        images.relabel(db, image, value="ant", action="correct", by="bob", revision=image.revision)
    assert raised.value.current == {"label": "bee", "shown": "bee", "revision": image.revision + 1}


def test_an_answer_that_came_meanwhile_is_no_conflict_for_a_word_but_for_a_verification(
    database: Database, project: Project
) -> None:
    seen = ready(database, project, 1)
    with database.begin() as db:
        images.apply_answers(db, [(seen, None, builders.prediction(seen), None)])
        with pytest.raises(Conflict):
            images.verify(db, seen, by="ann", revision=seen.revision)
        assert images.relabel(db, seen, value="ant", action="correct", by="ann", revision=seen.revision).label == "ant"


def test_an_imported_label_is_kept_like_any_other(database: Database, project: Project) -> None:
    with database.begin() as db:
        image, _ = images.add(db, builders.image(project.id, label="bee", labelled_by="ann"))
        [word] = images.labels_of(db, image.id)
    assert (image.shown, image.verified, word.value, word.action, word.by) == ("bee", True, "bee", "import", "ann")


def test_an_unreadable_file_stays_listed_with_its_reason(database: Database, project: Project) -> None:
    with database.begin() as db:
        image, _ = images.add(db, builders.image(project.id))
        images.mark_unreadable(db, image, "truncated")
        [listed] = images.page(db, project.id, filters=images.Filters(status="unreadable"), limit=5)[0]
    assert (listed.reason, listed.status) == ("truncated", "unreadable")


def test_a_moved_floor_changes_only_what_no_human_said(database: Database, project: Project) -> None:
    unsure, said = ready(database, project, 1, confidence=0.4), ready(database, project, 2, confidence=0.4)
    with database.begin() as db:
        images.relabel(db, said, value="bee", action="correct", by="ann")
        changed = images.refloor(db, project.id, floor=0.3, classes=builders.CLASSES)
        shown = [image.shown for image in images.many(db, [unsure.id, said.id])]
        tallies.verify(db, project.id)
    assert (changed, shown) == (1, ["ant", "bee"])


@pytest.mark.parametrize("reason", ["off_domain", "retake", "human"])
def test_no_floor_shows_what_was_refused(database: Database, project: Project, reason: str) -> None:
    image = ready(database, project, confidence=0.9, shown="unknown", figures={"reason": reason})
    with database.begin() as db:
        changed = images.refloor(db, project.id, floor=0.1, classes=builders.CLASSES)
    assert (image.reason, changed) == (reason, 0)


def test_purging_leaves_nothing_and_names_the_blob(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.begin() as db:
        images.relabel(db, image, value="bee", action="correct", by="ann")
        assert images.purge(db, image) == [image.sha256]
        assert not images.labels_of(db, image.id)
        assert not images.predictions_of(db, image.id)
        assert embeddings.get(db, image.id, version_id="v1") is None
        assert [entry["kind"] for entry in images.history(db, image.id)] == ["purged"]
    with pytest.raises(Missing), database.connect() as db:
        images.get(db, image.id)


def test_a_blob_that_another_project_uses_is_not_named(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.begin() as db:
        images.add(db, builders.image(builders.project(db, name="other").id, 0))
        assert images.purge(db, image) == []


def test_bytes_held_by_one_transaction_wait_for_its_end(database: Database, project: Project) -> None:
    order: list[str] = []

    def purge() -> None:
        with database.begin() as db:
            images.hold_blobs(db, ["ab" + "0" * 62])
            order.append("second")

    with database.begin() as db:
        images.hold_blobs(db, ["ab" + "1" * 62])
        thread = threading.Thread(target=purge)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_copy_takes_the_place_of_its_purged_original(database: Database, project: Project) -> None:
    first = ready(database, project, 1)
    with database.begin() as db:
        copies = [images.add(db, builders.image(project.id, number))[0] for number in (2, 3)]
        copies = images.apply_answers(db, [(copy, builders.facts(1), None, None) for copy in copies])
        images.purge(db, first)
        heir, other = images.many(db, sorted(copy.id for copy in copies))  # ids of one millisecond have no order
        tallies.verify(db, project.id)
    assert (heir.status, heir.side, heir.group_id) == ("ready", first.side, first.group_id)
    assert (other.status, other.duplicate_of) == ("duplicate", heir.id)


def test_pictures_wait_for_facts_and_then_for_the_first_model(database: Database, project: Project) -> None:
    with database.begin() as db:
        old, new = (images.add(db, builders.image(project.id, number))[0] for number in (1, 2))
        images.apply_facts(db, old, builders.facts(1))
        assert [image.id for image in images.pending(db, project.id, limit=9)] == [new.id]
        projects.set_live(db, project.id, version_id="v1", by=None, action="promote")
        assert [image.id for image in images.pending(db, project.id, limit=9)] == [old.id, new.id]
        assert [image.id for image in images.pending(db, project.id, limit=9, after=old.id)] == [new.id]


def test_history_tells_who_said_what_in_order(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.begin() as db:
        images.relabel(db, image, value="bee", action="correct", by="ann")
        images.trash(db, image, by="bob")
        told = [(entry["kind"], entry["by"]) for entry in images.history(db, image.id)]
    assert told == [("prediction", None), ("stored", None), ("examined", None), ("label", "ann"), ("trashed", "bob")]


def test_only_what_was_thrown_away_long_ago_expires(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.begin() as db:
        image = images.trash(db, image, by="ann")
        assert image.trashed_at is not None
        assert images.expired(db, project.id, before=image.trashed_at) == []
        assert images.expired(db, project.id, before=image.trashed_at + 1) == [image]


def test_an_answer_for_a_purged_picture_is_left_out(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.begin() as db:
        images.purge(db, image)
        assert images.apply_answers(db, [(image, None, builders.prediction(image), builders.vector())]) == []


def test_notes_are_merged(database: Database, project: Project) -> None:
    image = ready(database, project)
    with database.begin() as db:
        images.annotate(db, image, meta={"a": 1}, by="ann")
        assert images.annotate(db, image, meta={"b": [2]}, by="ann").meta == {"a": 1, "b": [2]}
