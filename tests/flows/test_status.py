"""Every part that is down is named, and the others still answer."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from sightloop import telemetry
from sightloop.core.entities import Image, Json, Project
from sightloop.flows import jobs, status
from sightloop.flows.services import Services
from sightloop.store import jobs as rows
from tests import tiny


def states(found: Json) -> dict[str, bool]:
    return {one["name"]: one["ok"] for one in found["checks"]}


def test_a_sound_installation_lacks_only_its_worker(services: Services) -> None:
    found = status.look(services, queue_bound=10)
    assert states(found) == {"database": True, "storage": True, "worker": False, "model runtime": True}
    jobs.seen(services, "w1")
    assert all(states(status.look(services)).values())


def test_jobs_are_counted_as_the_rows_have_them(services: Services) -> None:
    with services.db.begin() as db:
        for _ in range(3):
            rows.enqueue(db, kind="check", steps=("check",))
        rows.claim(db, worker="w")
    found = status.look(services)
    assert (found["jobs_running"], found["jobs_queued"]) == (1, 2)


def test_a_store_that_cannot_be_written_to_is_said_without_its_path(services: Services) -> None:
    shutil.rmtree(services.blobs.incoming)
    services.blobs.incoming.write_text("in the way")
    found = status.look(services)
    assert states(found)["storage"] is False
    assert str(services.data) not in str(found)


def test_a_full_queue_is_no_working_runtime(services: Services) -> None:
    assert states(status.look(services, queue_bound=0))["model runtime"] is False


def test_models_in_memory_are_counted(
    services: Services, project: Project, model: Callable[..., int], kept: Callable[..., Image]
) -> None:
    telemetry.set_models(0)
    model(project)
    kept(tiny.picture("red"))
    assert telemetry.reading().models == 1
