"""Projects, members, the deployment log, model versions, snapshots and runs."""

from __future__ import annotations

import pytest

from sightloop.core.entities import ModelVersion, Snapshot
from sightloop.core.errors import Conflict, Missing, Rejected
from sightloop.core.ids import new_id
from sightloop.store import projects, runs, snapshots, versions
from sightloop.store.database import Database
from tests.store import builders


def version(database: Database, project_id: str) -> ModelVersion:
    """A registered bundle."""
    with database.begin() as db:
        return versions.add(db, project_id, bundle="b" * 64, family="linear", params={}, metrics={"accuracy": 0.9})


def test_a_project_comes_back_as_it_was_stored(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db, settings={"ratios": [0.5, 0.3, 0.2]})
        assert projects.get(db, "insects") == projects.get(db, project.id) == project


def test_a_project_s_name_is_taken_once(database: Database) -> None:
    with pytest.raises(Conflict, match="'insects'"), database.begin() as db:
        [builders.project(db) for _ in range(2)]


def test_a_project_changed_meanwhile_is_not_overwritten(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        assert projects.update(db, project, floor=0.7, classes=("ant",)).revision == 2
        with pytest.raises(Conflict) as raised:
            projects.update(db, project, floor=0.1)
    assert isinstance(raised.value.current, dict)
    assert (raised.value.current["floor"], raised.value.current["classes"]) == (0.7, ["ant"])


def test_a_project_s_name_may_not_be_changed(database: Database) -> None:
    with pytest.raises(Rejected, match="name"), database.begin() as db:
        projects.update(db, builders.project(db), name="other")


def test_members_see_their_projects_and_admins_all(database: Database) -> None:
    with database.begin() as db:
        mine, _ = builders.project(db), builders.project(db, name="other")
        ann, boss = builders.user(db), builders.user(db, "boss@example.org", role="admin")
        projects.set_member(db, mine.id, user_id=ann.id, role="viewer")
        projects.set_member(db, mine.id, user_id=ann.id, role="maintainer")
        assert projects.all(db, reader=ann) == [mine]
        assert len(projects.all(db, reader=boss)) == 2
        assert projects.members(db, mine.id) == [(ann, "maintainer")]
        assert [projects.role_of(db, mine.id, user=user) for user in (ann, boss)] == ["maintainer", "admin"]
        projects.remove_member(db, mine.id, user_id=ann.id)
        assert projects.role_of(db, mine.id, user=ann) is None


def test_versions_are_numbered_by_project(database: Database) -> None:
    with database.begin() as db:
        one, two = builders.project(db), builders.project(db, name="other")
    assert [version(database, name).number for name in (one.id, one.id, two.id)] == [1, 2, 1]


def test_aliases_follow_promotions(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
    first, second, third = (version(database, project.id) for _ in range(3))
    with database.begin() as db:
        projects.set_live(db, project.id, version_id=first.id, by="ann", action="promote", reason="first")
        projects.set_live(db, project.id, version_id=second.id, by="ann", action="promote")
        found = [versions.get(db, project.id, ref) for ref in ("champion", "previous", "challenger", 1, "2", third.id)]
    assert found == [second, first, third, first, second, third]


def test_the_log_tells_who_was_live_when(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        projects.set_live(db, project.id, version_id="v1", by="ann", action="promote", reason="better")
        last = projects.set_live(db, project.id, version_id="v2", by=None, action="rollback")
        log = projects.promotions(db, project.id)
        assert projects.live_versions(db) == {project.id: "v2"}
        with pytest.raises(Conflict, match="live already"):
            projects.set_live(db, project.id, version_id="v2", by=None, action="promote")
    assert log[0] == last
    assert [(row.version_id, row.replaced_id, row.action, row.by) for row in log] == [
        ("v2", "v1", "rollback", None),
        ("v1", None, "promote", "ann"),
    ]


@pytest.mark.parametrize("ref", ["champion", "previous", "challenger", 1, "99999999999999", "x"])
def test_a_version_that_never_was_is_missing(database: Database, ref: int | str) -> None:
    with pytest.raises(Missing, match="model version"), database.begin() as db:
        versions.get(db, builders.project(db).id, ref)


def test_versions_are_listed_newest_first_with_their_blobs(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
    first, second = version(database, project.id), version(database, project.id)
    with database.connect() as db:
        assert versions.all(db, project.id) == [second, first]
        assert versions.by_id(db, first.id) == first
        assert versions.bundles(db) == {"b" * 64}
        assert versions.by_bundle(db, project.id, "c" * 64) is None
        found = versions.by_bundle(db, project.id, "b" * 64)
    assert found in (first, second)


def test_a_snapshot_of_the_same_rows_is_kept_once(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        one, two = (Snapshot(new_id(), project.id, "h" * 64, {"train": 3}, "ann", 1.0) for _ in range(2))
        assert (snapshots.add(db, one), snapshots.add(db, two)) == (one, one)
        assert (snapshots.all(db, project.id), snapshots.get(db, one.id)) == ([one], one)
        assert snapshots.manifests(db) == {"h" * 64}


def test_a_run_keeps_its_curve_and_its_metrics(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        name = runs.start(db, project.id, family="linear", params={"c": 1}, job_id="j", created_by="ann")
        for step in (1, 2):
            runs.point(db, name, step=step, figures={"loss": 1 / step})
        done = runs.finish(db, name, metrics={"accuracy": 0.9}, version_id="v1")
        curve = runs.points(db, name)
        assert runs.by_job(db, "j") == runs.get(db, name) == done
        assert [row["id"] for row in runs.all(db, project.id)] == [name]
    assert [(row["step"], row["figures"]) for row in curve] == [(1.0, {"loss": 1.0}), (2.0, {"loss": 0.5})]
    assert (done["state"], done["metrics"], done["version_id"]) == ("done", {"accuracy": 0.9}, "v1")
