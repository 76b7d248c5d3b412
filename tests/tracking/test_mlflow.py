"""A real MLflow server gets a copy of everything, once, whenever it is there; nothing here waits for it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sightloop.core.errors import Conflict, Missing, Unavailable
from sightloop.core.ports import TrackedRun
from sightloop.flows import evaluating, jobs, mirroring, models, runs, status, training
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import mirror, projects
from sightloop.store import runs as run_rows
from sightloop.store import versions as version_rows
from sightloop.tracking.mlflow import MLflow
from tests import tiny
from tests.e2e.running import environment, until
from tests.tracking.mlflow_server import Server

SMALL: dict[str, Any] = {
    "backbone": "test_resnet", "weights": "none", "freeze": "none", "input_size": 32, "epochs": 2, "batch": 8,
    "precision": "fp32", "lr": 0.01,
}  # fmt: skip
LONG = SMALL | {"epochs": 25, "patience": 0}

Studio = Callable[..., Services]


@pytest.fixture(scope="module")
def trained(studio: Studio) -> Services:
    """An installation whose one training was sent."""
    services = studio("whole", pictures=True)
    asked = training.start(services, user=OPERATOR, name="whole", family="transfer", params=SMALL)
    job = tiny.run(services, asked)
    assert job.state == "done", job.error
    told = mirroring.send(services)
    assert (told["told"], told["waiting"], told["sent"], told["refused"]) == (3, 0, 2, 0)
    return services


def runs_there(there: Any, name: str) -> list[Any]:
    return list(there.search_runs([there.get_experiment_by_name(f"sightloop/{name}").experiment_id]))


def everything_there(server: Server) -> Counter[str]:
    """How many rows each of the server's tables has, so that nothing can have come twice unseen."""
    with closing(sqlite3.connect(server.folder / "mlflow.db")) as db:
        tables = ("runs", "metrics", "params", "tags", "model_versions", "registered_model_aliases")
        return Counter({name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables})  # noqa: S608


def test_a_training_arrives_with_its_curve_figures_files_and_a_registered_model(trained: Services, there: Any) -> None:
    [run] = runs_there(there, "whole")
    [ours] = runs.listing(trained, user=OPERATOR, project="whole")
    assert (run.info.status, run.info.run_name) == ("FINISHED", "transfer v1")
    assert (run.data.params["epochs"], run.data.params["family"]) == ("2", "transfer")
    assert run.data.metrics["test/accuracy"] == ours["metrics"]["accuracy"]["value"]
    assert run.data.metrics["test/per_class/red/n"] > 0
    assert [point.step for point in there.get_metric_history(run.info.run_id, "loss")] == [1, 2]
    assert run.data.tags["sightloop.job"] == ours["job_id"]
    assert {one.path for one in there.list_artifacts(run.info.run_id)} == {
        "bundle", "card.md", "figures.json", "manifest.json", "plots",
    }  # fmt: skip
    assert {"plots/confusion.svg", "plots/roc.svg"} <= {
        one.path for one in there.list_artifacts(run.info.run_id, "plots")
    }
    model = there.get_registered_model("sightloop.whole")
    assert model.aliases == {"champion": "1"}
    [version] = there.search_model_versions("name = 'sightloop.whole'")
    assert (version.run_id, version.tags["sightloop.version"]) == (run.info.run_id, "1")


def test_the_bundle_that_arrives_is_the_one_that_serves(trained: Services, there: Any, tmp_path: Path) -> None:
    [run] = runs_there(there, "whole")
    got = Path(there.download_artifacts(run.info.run_id, "bundle/whole-v1.bundle", str(tmp_path)))
    assert got.read_bytes() == models.bundle(trained, user=OPERATOR, name="whole", ref="1")[0].read_bytes()


def test_nothing_is_sent_twice_even_when_everything_is_forgotten(trained: Services, server: Server) -> None:
    before = everything_there(server)
    assert mirroring.send(trained)["told"] == 0
    assert mirroring.send(trained, again=True)["told"] == 3
    assert everything_there(server) == before


def test_aliases_follow_a_promotion_and_a_rollback(studio: Studio, there: Any, tmp_path: Path) -> None:
    services = studio("aliases")
    for sharpness in (7.0, 8.0, 9.0):
        _list_version(services, "aliases", tmp_path, sharpness=sharpness)
    models.promote(services, user=OPERATOR, name="aliases", ref="1")
    models.promote(services, user=OPERATOR, name="aliases", ref="2", reason="new", force=True)
    mirroring.send(services)
    model = "sightloop.aliases"
    assert there.get_registered_model(model).aliases == {"champion": "2", "previous": "1", "challenger": "3"}
    models.rollback(services, user=OPERATOR, name="aliases")
    assert mirroring.send(services)["told"] == 1
    assert there.get_registered_model(model).aliases == {"champion": "1", "previous": "2", "challenger": "3"}


def _list_version(services: Services, name: str, folder: Path, *, sharpness: float) -> None:
    packed = folder / f"{sharpness}.bundle"
    digest = tiny.packed(folder / f"tiny{sharpness}", packed, sharpness=sharpness)
    services.blobs.adopt(packed, digest)
    with services.db.begin() as db:
        found = projects.get(db, name)
        version_rows.add(db, found.id, bundle=digest, family="linear", params={}, metrics={})


def test_the_trials_of_a_search_lie_inside_it(studio: Studio, there: Any) -> None:
    services = studio("nested")
    with services.db.begin() as db:
        project = projects.get(db, "nested")
        outer = run_rows.start(db, project.id, family="transfer", params={"trials": 2}, kind="search")
        for state in ("done", "pruned"):
            inner = run_rows.start(db, project.id, family="transfer", params={}, kind="trial", parent_id=outer)
            run_rows.point(db, inner, step=1, figures={"accuracy": 0.5})
            run_rows.finish(db, inner, metrics={"value": 0.5}, state=state)
    mirroring.send(services)
    found = {run.info.run_name: run for run in runs_there(there, "nested")}
    trials = [run for run in runs_there(there, "nested") if run.data.tags["sightloop.kind"] == "trial"]
    outside = found["search of transfer"]
    assert outside.info.status == "RUNNING"
    assert [run.data.tags["mlflow.parentRunId"] for run in trials] == [outside.info.run_id] * 2
    assert {run.info.status for run in trials} == {"FINISHED", "KILLED"}
    assert runs.listing(services, user=OPERATOR, project="nested") == []
    assert len(runs.listing(services, user=OPERATOR, project="nested", kind=None)) == 3


def test_an_evaluation_arrives_with_its_plots_and_is_no_training(studio: Studio, there: Any, tmp_path: Path) -> None:
    services = studio("judged", pictures=True)
    _list_version(services, "judged", tmp_path, sharpness=8.0)
    job = tiny.run(services, evaluating.start(services, user=OPERATOR, name="judged", version="1"))
    assert job.state == "done", job.error
    mirroring.send(services)
    [run] = [one for one in runs_there(there, "judged") if one.data.tags["sightloop.kind"] == "evaluation"]
    assert (run.info.run_name, run.data.params["data"]) == ("evaluation of v1", "test side")
    assert run.data.metrics["evaluation/accuracy"] == job.context["evaluation"]["accuracy"]["value"]
    assert "plots/roc.svg" in {one.path for one in there.list_artifacts(run.info.run_id, "plots")}
    assert runs.listing(services, user=OPERATOR, project="judged") == []
    assert not any((services.data / "outbox").iterdir())


def test_a_server_that_stops_during_a_training_gets_everything_later_and_nothing_twice(
    studio: Studio, server: Server, there: Any
) -> None:
    services = studio("stopped", pictures=True)
    job = training.start(services, user=OPERATOR, name="stopped", family="transfer", params=LONG)
    command = [sys.executable, "-m", "sightloop.worker", "--data", str(services.data), "--once", "--job", job.id]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as worker:
        until(lambda: len(_steps(services, "stopped")) > 1)
        mirroring.send(services)
        server.stop()
        assert worker.poll() is None
        with pytest.raises(Unavailable, match="does not answer"):
            mirroring.send(services)
        until(lambda: worker.poll() is not None)
    assert jobs.show(services, user=OPERATOR, job_id=job.id).state == "done"
    found = status.look(services)["mirror"]
    assert found["waiting"] == 3
    assert "does not answer" in found["last_error"]
    server.start()
    mirroring.send(services)
    [run] = runs_there(there, "stopped")
    assert run.info.status == "FINISHED"
    assert [point.step for point in there.get_metric_history(run.info.run_id, "loss")] == list(range(1, 26))
    assert there.get_registered_model("sightloop.stopped").aliases == {"champion": "1"}
    assert (status.look(services)["mirror"]["waiting"], status.look(services)["mirror"]["last_error"]) == (0, None)


def _steps(services: Services, name: str) -> list[float]:
    with services.db.connect() as db:
        found = run_rows.all(db, projects.get(db, name).id)
        return [point["step"] for run in found for point in run_rows.points(db, run["id"])]


def test_what_the_server_refuses_holds_up_nothing_else_and_is_not_tried_again(studio: Studio, there: Any) -> None:
    services = studio("refused")
    with services.db.begin() as db:
        project = projects.get(db, "refused")
        deleted = run_rows.start(db, project.id, family="transfer", params={})
    mirroring.send(services)
    there.delete_run(runs_there(there, "refused")[0].info.run_id)
    with services.db.begin() as db:
        run_rows.finish(db, deleted, metrics={"n": 1})
        run_rows.start(db, project.id, family="linear", params={})
    told = mirroring.send(services)
    assert (told["told"], told["refused"], told["waiting"]) == (1, 1, 0)
    assert "refused" in told["last_error"]
    assert mirroring.send(services)["told"] == 0


def test_a_run_that_the_server_never_heard_of_is_not_known(server: Server) -> None:
    told = TrackedRun("run:x", "sightloop/x", "x", "running", 0.0)
    with pytest.raises(Missing):
        MLflow(server.address).run(told, remote="0" * 32)


def test_two_processes_never_send_at_once(studio: Studio) -> None:
    services = studio("two")
    with services.db.begin() as db:
        assert services.tracker is not None
        assert mirror.claim(db, services.tracker.address, patient=False)
    with pytest.raises(Conflict, match="another process"):
        mirroring.send(services)


def test_odd_names_of_classes_reach_the_server(server: Server, there: Any, studio: Studio) -> None:
    services = studio("odd")
    rows = [{"class": name, "recall": 0.5} for name in ("Käfer", "..", "a/b:c", "甲虫")]
    with services.db.begin() as db:
        project = projects.get(db, "odd")
        run = run_rows.start(db, project.id, family="linear", params={"note": "x" * 9000, "layers": [1, 2]})
        run_rows.finish(db, run, metrics={"per_class": rows, "auc": float("nan"), "ok": True})
    assert mirroring.send(services)["refused"] == 0
    [found] = runs_there(there, "odd")
    assert set(found.data.metrics) == {f"test/per_class/{name}/recall" for name in ("Käfer", "_", "a_b_c", "甲虫")}
    assert json.loads(found.data.params["layers"]) == [1, 2]


class Door(BaseHTTPRequestHandler):
    """Lets in who has the token, as a proxy before MLflow does; behind it is nothing."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("authorization", ""))
        self.send_response(200 if self.path == "/health" else 401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name in http.server
        """Say nothing."""


def test_the_token_is_sent_and_a_locked_door_names_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "")  # set by the client's owner, put back after the test
    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        threading.Thread(target=door.serve_forever).start()
        tracker = MLflow(f"http://127.0.0.1:{door.server_port}", token="a-token")
        tracker.reach()
        with pytest.raises(Unavailable, match="does not let us in") as refused:
            tracker.run(TrackedRun("run:x", "sightloop/x", "x", "running", 0.0), remote=None)
        door.shutdown()
    assert "SIGHTLOOP_MLFLOW_TOKEN" in refused.value.hint
    assert set(Door.asked) == {"Bearer a-token"}
