"""What a server does not know yet, on both databases."""

from __future__ import annotations

import pytest

from sightloop.core.errors import Conflict
from sightloop.store import jobs, mirror, projects, runs, versions
from sightloop.store.database import Database
from tests.store import builders

HERE = "http://here"


def kinds(found: list[mirror.Due]) -> list[str]:
    return [due.kind for due in found]


def test_a_run_is_due_until_it_was_told_and_again_when_it_changes(database: Database) -> None:
    with database.begin() as db:
        run = runs.start(db, builders.project(db).id, family="linear", params={})
        assert mirror.claim(db, HERE, patient=False)
        [due] = mirror.due(db, HERE)
        mirror.remember(db, due.kind, due.local, remote="r1", state=due.stamp)
        assert mirror.due(db, HERE) == []
        runs.point(db, run, step=1, figures={"loss": 1.0})
        [again] = mirror.due(db, HERE)
        assert (again.local, again.remote) == (run, "r1")
        mirror.remember(db, again.kind, again.local, remote="r1", state=mirror.REFUSED + again.stamp)
        assert mirror.due(db, HERE) == []
        assert mirror.standing(db, HERE)["refused"] == 1
        runs.finish(db, run)
        assert kinds(mirror.due(db, HERE)) == ["run"]


def test_a_run_that_its_job_left_behind_is_due_once_more(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        job = jobs.enqueue(db, kind="train", steps=("train",), project_id=project.id)
        runs.start(db, project.id, family="linear", params={}, job_id=job.id)
        mirror.claim(db, HERE, patient=False)
        [due] = mirror.due(db, HERE)
        mirror.remember(db, due.kind, due.local, remote="r1", state=due.stamp)
        jobs.cancel(db, job.id)
        assert kinds(mirror.due(db, HERE)) == ["run"]


def test_runs_are_due_before_versions_and_aliases_the_outer_first(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        version = versions.add(db, project.id, bundle="b", family="linear", params={}, metrics={})
        outer = runs.start(db, project.id, family="linear", params={}, kind="search")
        inner = runs.start(db, project.id, family="linear", params={}, kind="trial", parent_id=outer)
        found = mirror.due(db, HERE)
        assert [due.local for due in found] == [outer, inner, version.id, project.id]
        made = runs.start(db, project.id, family="linear", params={})
        runs.finish(db, made, version_id=version.id)
        judged = runs.start(db, project.id, family="linear", params={}, kind="evaluation")
        runs.finish(db, judged, version_id=version.id)
        assert mirror.run_of(db, version.id) == made


def test_aliases_are_due_when_another_version_goes_live(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        first = versions.add(db, project.id, bundle="a", family="linear", params={}, metrics={})
        versions.add(db, project.id, bundle="b", family="linear", params={}, metrics={})
        mirror.claim(db, HERE, patient=False)
        for due in mirror.due(db, HERE):
            mirror.remember(db, due.kind, due.local, remote="1", state=due.stamp)
        projects.set_live(db, project.id, version_id=first.id, by=None, action="promote")
        assert kinds(mirror.due(db, HERE)) == ["aliases"]


def test_another_server_is_told_everything(database: Database) -> None:
    with database.begin() as db:
        runs.start(db, builders.project(db).id, family="linear", params={})
        mirror.claim(db, HERE, patient=False)
        [due] = mirror.due(db, HERE)
        mirror.remember(db, due.kind, due.local, remote="r1", state=due.stamp)
        mirror.release(db, error=None)
        assert mirror.standing(db, "http://there")["waiting"] == 1
        mirror.claim(db, "http://there", patient=True)
        assert [one.remote for one in mirror.due(db, "http://there")] == [None]


def test_only_one_process_sends_at_a_time(database: Database) -> None:
    with database.begin() as db:
        mirror.claim(db, HERE, patient=False)
        with pytest.raises(Conflict, match="another process"):
            mirror.claim(db, HERE, patient=False)
        mirror.release(db, error="away", backoff=60.0)
        assert not mirror.claim(db, HERE, patient=True)
        assert mirror.claim(db, HERE, patient=False)
