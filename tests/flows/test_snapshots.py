"""Snapshots told, compared and written; which versions learnt from a picture."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop.core.entities import Image, Json, ModelVersion, Project
from sightloop.core.errors import Missing, Rejected
from sightloop.core.ids import new_id
from sightloop.flows import correct, importing, lineage, manifests, projects, snapshot, snapshots, trash
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images, jobs, runs
from sightloop.store import projects as project_rows
from sightloop.store import snapshots as rows
from tests import cascaded, tiny

EACH = 12  # pictures of a colour


def bring(services: Services, folder: Path, *, seeds: range, name: str = "paint") -> None:
    """Import pictures of every colour with their classes."""
    for colour in tiny.COLOURS:
        (folder / colour).mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            (folder / colour / f"{seed}.jpg").write_bytes(tiny.picture(colour, seed=seed))
    tiny.run(services, importing.start(services, user=OPERATOR, name=name, path=folder))


def take(services: Services, project: Project) -> str:
    """The id of a snapshot taken now."""
    with services.db.begin() as db:
        job = jobs.enqueue(db, kind="train", steps=("snapshot",), project_id=project.id, created_by=None)
    found: str = snapshot.snapshot(services, job, lambda _: None)["snapshot_id"]
    return found


def stored(services: Services, snapshot_id: str) -> list[Json]:
    with services.db.connect() as db:
        taken = rows.get(db, snapshot_id)
    return manifests.read(services, taken)


def compared(services: Services, snapshot_id: str, **asked: str) -> Json:
    return snapshots.diff(services, user=OPERATOR, project="paint", snapshot_id=snapshot_id, **asked)


@pytest.fixture
def first(services: Services, project: Project, tmp_path: Path) -> str:
    """A snapshot of a few pictures."""
    bring(services, tmp_path / "first", seeds=range(EACH))
    return take(services, project)


@pytest.fixture
def live(services: Services, project: Project, first: str, tmp_path: Path) -> ModelVersion:
    """A live version made of it."""
    return cascaded.member(services, project, tmp_path, sharpness=8.0, snapshot_id=first)


def picture_on(services: Services, snapshot_id: str, side: str) -> str:
    found: str = next(row["image_id"] for row in stored(services, snapshot_id) if row["side"] == side)
    return found


def test_the_same_pictures_certify_the_same_in_whichever_project_they_are(services: Services, tmp_path: Path) -> None:
    drawn = []
    for name in ("one", "two"):
        made = cascaded.project(services, tmp_path, name=name)
        with services.db.connect() as db:
            found = manifests.teaching_rows(db, made)
        drawn.append({row["sha256"]: bool(row.get("certifies")) for row in found})
    assert drawn[0] == drawn[1]
    assert set(drawn[0].values()) == {True, False}


def test_a_snapshot_is_listed_with_the_versions_made_of_it(services: Services, live: ModelVersion) -> None:
    [found] = snapshots.listing(services, user=OPERATOR, project="paint")
    assert found["n"] == 3 * EACH == sum(sum(side.values()) for side in found["counts"].values())
    assert found["versions"] == [live.number]
    assert found["held_back"] == {}
    assert found["new"] is None


def test_the_first_snapshot_is_compared_with_nothing(services: Services, first: str) -> None:
    found = compared(services, first)
    assert (found["against"], found["added"], found["sentence"]) == (None, 36, "The first snapshot, of 36 pictures.")


def test_a_difference_counts_what_came_went_and_was_said_otherwise(
    services: Services, project: Project, first: str, tmp_path: Path
) -> None:
    bring(services, tmp_path / "more", seeds=range(EACH, EACH + 2))
    before = [row for row in stored(services, first) if row["label"] == "red"]
    trash.discard(services, user=OPERATOR, image_id=before[0]["image_id"])
    correct.correct(services, user=OPERATOR, image_id=before[1]["image_id"], value="blue")
    found = compared(services, take(services, project))
    assert {name: found[name] for name in ("added", "removed", "relabelled", "moved", "before", "after")} == {
        "added": 6, "removed": 1, "relabelled": 1, "moved": 0, "before": 36, "after": 41,
    }  # fmt: skip
    assert found["examples"]["removed"] == [before[0]["image_id"]]
    assert found["examples"]["relabelled"] == [{"image_id": before[1]["image_id"], "before": "red", "after": "blue"}]
    assert {"class": "blue", "before": 12, "after": 15} in found["per_class"]
    assert found["sentence"].startswith("6 added, 1 removed and 1 relabelled since the snapshot of ")


def test_a_snapshot_compared_with_itself_says_that_nothing_differs(services: Services, first: str) -> None:
    assert compared(services, first, against=first)["sentence"].startswith("The same 36 pictures and labels")


def test_a_snapshot_is_written_as_the_bytes_that_its_hash_is_of_or_as_a_table(services: Services, first: str) -> None:
    told = snapshots.listing(services, user=OPERATOR, project="paint")[0]
    data = snapshots.export(services, user=OPERATOR, project="paint", snapshot_id=first)
    assert hashlib.sha256(data).hexdigest() == told["hash"]
    table = snapshots.export(services, user=OPERATOR, project="paint", snapshot_id=first, form="csv").decode()
    lines = list(csv.DictReader(io.StringIO(table)))
    assert [line["image_id"] for line in lines] == [row["image_id"] for row in stored(services, first)]
    assert {line["leaked"] for line in lines} == {"false"}


def test_a_snapshot_of_another_project_is_not_there(services: Services, first: str) -> None:
    projects.create(services, user=OPERATOR, name="other", classes=("a", "b"))
    with pytest.raises(Missing, match="no snapshot"):
        snapshots.export(services, user=OPERATOR, project="other", snapshot_id=first)


def test_a_picture_names_the_versions_it_taught_and_those_it_judged(
    services: Services, project: Project, first: str, live: ModelVersion, tmp_path: Path
) -> None:
    bring(services, tmp_path / "more", seeds=range(EACH, EACH + 2))
    cascaded.member(services, project, tmp_path, sharpness=6.0, snapshot_id=take(services, project))
    taught = lineage.of_image(services, user=OPERATOR, image_id=picture_on(services, first, "train"))
    assert [(one["version"], one["live"]) for one in taught["taught"]] == [(1, True), (2, False)]
    assert taught["sentence"] == "Versions 1 and 2 learnt from it; version 1 is live."
    judged = lineage.of_image(services, user=OPERATOR, image_id=picture_on(services, first, "test"))
    assert [one["version"] for one in judged["judged"]] == [1, 2]
    assert judged["sentence"] == "No version learnt from it."


def test_the_pictures_of_a_choice_are_counted_per_version(services: Services, first: str, live: ModelVersion) -> None:
    pictures = [row["image_id"] for row in stored(services, first)]
    teaching = [row for row in stored(services, first) if row["side"] != "test"]
    found = lineage.of_images(services, user=OPERATOR, project="paint", image_ids=[*pictures, "unknown"])
    assert found["versions"] == [{"version": 1, "version_id": live.id, "live": True, "pictures": len(teaching)}]
    assert found["sentence"] == "Version 1, which is live, learnt from some of them."
    with pytest.raises(Rejected, match="1001 pictures are too many"):
        lineage.of_images(services, user=OPERATOR, project="paint", image_ids=[new_id() for _ in range(1001)])


def test_what_certifies_taught_no_member_but_their_cascade(services: Services, tmp_path: Path) -> None:
    made = cascaded.project(services, tmp_path)
    learnt = take(services, made)
    for sharpness in (4.0, 8.0):
        cascaded.member(services, made, tmp_path, sharpness=sharpness, snapshot_id=learnt)
    cascaded.certified(services)
    [certifying, *_] = [row["image_id"] for row in stored(services, learnt) if row.get("certifies")]
    found = lineage.of_image(services, user=OPERATOR, image_id=certifying)
    assert [one["version"] for one in found["taught"]] == [3]
    trained = lineage.of_image(services, user=OPERATOR, image_id=picture_on(services, learnt, "train"))
    assert [one["version"] for one in trained["taught"]] == [1, 2, 3]


def test_an_answer_names_the_bytes_it_comes_from(
    services: Services,
    project: Project,
    first: str,
    live: ModelVersion,
    kept: Callable[..., Image],
) -> None:
    services.runtime.refresh()
    image = kept(tiny.picture("red", seed=99))
    assert image.prediction_id is not None
    found = lineage.of_prediction(services, user=OPERATOR, prediction_id=image.prediction_id)
    taken = snapshots.listing(services, user=OPERATOR, project="paint")[0]
    assert (found["sha256"], found["bundle"], found["snapshot"]) == (image.sha256, live.bundle, taken["hash"])
    assert found["floor"] == project.floor
    assert lineage.of_image(services, user=OPERATOR, image_id=image.id)["prediction"] == found


def test_purging_a_picture_says_which_versions_learnt_from_it(
    services: Services, first: str, live: ModelVersion
) -> None:
    gone = picture_on(services, first, "train")
    trash.discard(services, user=OPERATOR, image_id=gone)
    found = trash.purge(services, user=OPERATOR, image_id=gone)
    assert found["taught"] == [1]
    assert found["sentence"] == "Version 1, which is live, learnt from it."
    with services.db.connect() as db:
        there = images.many(db, [gone])
    assert there == []


def test_what_was_learnt_stays_in_a_version_that_went_on_and_not_in_one_from_scratch(
    services: Services, project: Project, first: str, live: ModelVersion, tmp_path: Path
) -> None:
    gone = picture_on(services, first, "train")
    trash.discard(services, user=OPERATOR, image_id=gone)
    without = take(services, project)
    for weights in ("live", "none"):
        cascaded.member(services, project, tmp_path, sharpness=6.0, snapshot_id=without, params={"weights": weights})
    found = lineage.of_image(services, user=OPERATOR, image_id=gone)
    assert [(one["version"], one["snapshot_id"]) for one in found["taught"]] == [(1, first), (2, first)]
    assert trash.purge(services, user=OPERATOR, image_id=gone)["taught"] == [1, 2]


def test_a_version_went_on_from_what_was_live_when_its_training_began(
    services: Services, project: Project, first: str, live: ModelVersion, tmp_path: Path
) -> None:
    bring(services, tmp_path / "more", seeds=range(EACH, EACH + 8))
    later = take(services, project)
    before = {row["image_id"] for row in stored(services, first)}
    new = next(row for row in stored(services, later) if row["side"] == "train" and row["image_id"] not in before)
    with services.db.begin() as db:
        run = runs.start(db, project.id, family="linear", params={})
    second = cascaded.member(services, project, tmp_path, sharpness=6.0, snapshot_id=later)
    with services.db.begin() as db:
        project_rows.set_live(db, project.id, version_id=second.id, by=None, action="promote")
    third, fourth = (
        cascaded.member(services, project, tmp_path, sharpness=n, snapshot_id=first, params={"weights": "live"})
        for n in (5.0, 4.0)
    )
    with services.db.begin() as db:
        runs.finish(db, run, version_id=third.id)
    found = lineage.of_image(services, user=OPERATOR, image_id=new["image_id"])
    assert [one["version"] for one in found["taught"]] == [second.number, fourth.number]


def test_a_picture_is_purged_although_a_snapshot_is_lost_and_the_versions_of_it_are_named(
    services: Services, project: Project, first: str, live: ModelVersion, tmp_path: Path
) -> None:
    gone = picture_on(services, first, "train")
    bring(services, tmp_path / "more", seeds=range(EACH, EACH + 2))
    cascaded.member(services, project, tmp_path, sharpness=6.0, snapshot_id=take(services, project))
    with services.db.connect() as db:
        services.blobs.delete(rows.get(db, first).hash)
    with pytest.raises(Missing, match="What version 1 learnt from cannot be read"):
        lineage.of_images(services, user=OPERATOR, project="paint", image_ids=[gone])
    trash.discard(services, user=OPERATOR, image_id=gone)
    found = trash.purge(services, user=OPERATOR, image_id=gone)
    assert found["taught"] == [2]
    assert found["sentence"] == (
        "Version 2 learnt from it. What version 1 learnt from cannot be read: a snapshot is missing."
    )
    with services.db.connect() as db:
        assert images.many(db, [gone]) == []
