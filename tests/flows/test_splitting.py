"""Leaks of a project's split: what is found, and that a fix moves held-out copies and nothing else."""

from __future__ import annotations

import pytest

from sightloop.core.entities import Image, Json, Project, User
from sightloop.core.errors import Conflict, Forbidden
from sightloop.flows import manifests, projects, splitting
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images, snapshots, tallies, users
from tests.flows import labelled
from tests.flows.racing import overtaken
from tests.store import builders

LOOK = 0x0F0F_F0F0_1234_5678


@pytest.fixture
def published(services: Services, project: Project) -> dict[str, Image]:
    """A set with its own split: near copies of a training picture are held out on both sides, others are on their own.

    `second` is near a copy and not near the leader of its group, so only the pairs tell that it is near.
    """
    made = {
        "train": labelled.add(services, project, "train", side="train", phash=LOOK),
        "calibration": labelled.add(services, project, "cal", side="calibration", phash=labelled.turned(LOOK, 3)),
        "test": labelled.add(services, project, "test", side="test", phash=labelled.turned(LOOK, 5)),
        "second": labelled.add(services, project, "second", side="test", phash=labelled.turned(LOOK, 9)),
        "alone": labelled.add(services, project, "alone", label="blue", side="test"),
        "taught": labelled.add(services, project, "taught", label="blue", side="train"),
    }
    assert made["second"].group_id == made["second"].id
    return made


def told(services: Services) -> Json:
    return splitting.leaks(services, user=OPERATOR, project="paint")


def mend(services: Services, expected: int, user: User = OPERATOR) -> Json:
    return splitting.mend(services, user=user, project="paint", expected=expected)


def test_every_held_out_copy_is_counted_and_examples_say_names(services: Services, published: dict[str, Image]) -> None:
    found = told(services)
    assert found["leaked"] == {
        "calibration": [published["calibration"].id],
        "test": sorted([published["test"].id, published["second"].id]),
    }
    assert found["fix"]["images"] == 3
    assert "0 calibrate and 1 judge" in found["fix"]["sentence"]
    names = {image.id: image.name for image in published.values()}
    for pair in found["near"]["examples"]:
        assert pair["names"] == [names[image_id] for image_id in pair["images"]]
    [group] = found["split_groups"]["examples"]
    members = (published[side].id for side in ("calibration", "test", "train"))
    assert (group["images"], group["sides"]) == (list(members), ["calibration", "test", "train"])


def test_after_a_fix_no_copy_is_held_out_and_everything_else_is_where_it_was(
    services: Services, project: Project, published: dict[str, Image]
) -> None:
    assert mend(services, 3) == {"moved": 3}
    after = dict(zip(published, labelled.by_id(services, *published.values()), strict=True))
    assert {name for name, one in after.items() if one.side == "none"} == {"calibration", "test", "second"}
    for name, one in after.items():
        moved = one.side == "none"
        assert labelled.without(one, "side", "revision") == labelled.without(published[name], "side", "revision")
        assert one.revision == published[name].revision + moved
    found = told(services)
    assert (found["leaked"], found["fix"]["images"]) == ({"calibration": [], "test": []}, 0)
    assert found["split_groups"]["count"] == 0
    with services.db.connect() as db:
        tallies.verify(db, project.id)
        judging = [row["image_id"] for row in manifests.teaching_rows(db, project) if row["side"] == "test"]
    assert judging == [published["alone"].id]


def test_every_moved_picture_says_who_moved_it(services: Services, published: dict[str, Image]) -> None:
    mend(services, 3)
    with services.db.connect() as db:
        happened = {name: images.history(db, image.id)[-1] for name, image in published.items()}
    assert {name for name, last in happened.items() if last["kind"] == "withdrawn"} == {"calibration", "test", "second"}
    assert (happened["test"]["by"], happened["test"]["from"], happened["test"]["to"]) == (OPERATOR.id, "test", "none")


def test_frozen_snapshots_stay_as_they_are(services: Services, project: Project, published: dict[str, Image]) -> None:
    with services.db.connect() as db:
        snapshot_id = labelled.freeze(services, project)["snapshot_id"]
    mend(services, 3)
    with services.db.connect() as db:
        taken = snapshots.get(db, snapshot_id)
    assert {row["image_id"]: row["side"] for row in manifests.read(services, taken)} == {
        image.id: image.side for image in published.values()
    }


def test_another_number_than_was_looked_at_is_a_conflict_and_moves_nothing(
    services: Services, published: dict[str, Image]
) -> None:
    with pytest.raises(Conflict, match="3 pictures would leave their side, not 2") as caught:
        mend(services, 2)
    assert caught.value.current == 3
    assert labelled.by_id(services, *published.values()) == list(published.values())


def test_a_picture_that_went_while_we_looked_is_a_conflict(services: Services, published: dict[str, Image]) -> None:
    with pytest.raises(Conflict, match="2 pictures would leave their side, not 3"):
        overtaken(services, lambda: mend(services, 3), by=lambda db: images.trash(db, published["test"], by=None))
    assert [one.side for one in labelled.by_id(services, published["calibration"])] == ["calibration"]


def test_an_exact_copy_on_the_test_side_is_counted_and_leaves_it(services: Services, project: Project) -> None:
    first = labelled.add(services, project, 1, side="train")
    with services.db.begin() as db:
        image, _ = images.add(db, builders.image(project.id, 2, label="blue", side="test"))
        copy = images.apply_facts(db, image, builders.facts(1))
    found = told(services)
    assert (copy.status, copy.side, found["exact"]["across_sides"]) == ("duplicate", "test", 1)
    [pair] = found["contradictions"]["examples"]
    assert sorted(pair["images"]) == sorted([first.id, copy.id])
    mend(services, 1)
    assert [one.side for one in labelled.by_id(services, first, copy)] == ["train", "none"]


def test_a_project_without_leaks_has_nothing_to_fix(services: Services, project: Project) -> None:
    assert told(services)["fix"]["images"] == 0
    labelled.add(services, project, 1, side="train")
    labelled.add(services, project, 2, side="test")
    assert told(services)["fix"] == {"images": 0, "sentence": "No held-out picture has a copy on an earlier side."}
    assert mend(services, 0) == {"moved": 0}


def test_whoever_only_labels_may_look_and_not_fix(services: Services, project: Project) -> None:
    reviewer = User("r", "r@example.org", "R", "viewer", 1.0)
    with services.db.begin() as db:
        users.add(db, reviewer, password_hash="!")
    projects.set_member(services, user=OPERATOR, name="paint", email="r@example.org", role="reviewer")
    assert splitting.leaks(services, user=reviewer, project="paint")["rows"] == 0
    with pytest.raises(Forbidden):
        mend(services, 0, reviewer)
