"""A search from the labels of a project to a version, and how it is listed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sightloop import wiring
from sightloop.core.entities import Job, Json
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import importing, jobs, models, projects, runs, searching
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.store import runs as run_rows
from tests import tiny

FIXED = {"backbone": "test_resnet", "weights": "none", "freeze": "none", "input_size": 32, "batch": 8,
         "precision": "fp32", "patience": 0}  # fmt: skip
SPACE = {"epochs": {"low": 1, "high": 2}, "lr": {"low": 1e-3, "high": 1e-2, "log": True}}


def start(services: Services, **values: Any) -> Job:
    asked: Json = {"family": "transfer", "params": FIXED, "space": SPACE, "trials": 3, "processes": 1, **values}
    return searching.start(services, user=OPERATOR, name="paint", **asked)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, Job]]:
    """An installation with one small project, and a search that is over."""
    root = tmp_path_factory.mktemp("studio")
    built = wiring.build(Settings(data=root / "data", workers=1))
    projects.create(built, user=OPERATOR, name="paint", classes=tuple(tiny.COLOURS))
    for colour in tiny.COLOURS:
        (root / "painted" / colour).mkdir(parents=True)
        for seed in range(12):
            (root / "painted" / colour / f"{seed}.jpg").write_bytes(tiny.picture(colour, seed=seed))
    tiny.run(built, importing.start(built, user=OPERATOR, name="paint", path=root / "painted"))
    job = tiny.run(built, start(built))
    assert job.state == "done", job.error
    yield built, job
    built.close()


@pytest.fixture
def services(studio: tuple[Services, Job]) -> Services:
    return studio[0]


@pytest.fixture
def job(studio: tuple[Services, Job]) -> Job:
    return studio[1]


def test_a_search_ends_as_a_version_with_the_best_trials_parameters(services: Services, job: Job) -> None:
    shown = searching.show(services, user=OPERATOR, project="paint", job_id=job.id)
    [leader] = [trial for trial in shown["trials"] if trial["number"] == shown["best"]]
    [version] = models.listing(services, user=OPERATOR, name="paint")
    assert (version["number"], version["family"], shown["version"]) == (1, "transfer", 1)
    assert {name: version["params"][name] for name in leader["params"]} == leader["params"]
    measured = version["metrics"]["training"]["calibration"]["accuracy"]["value"]
    assert measured == pytest.approx(leader["value"])


def test_a_search_is_shown_with_every_trial_and_its_epochs(services: Services, job: Job) -> None:
    shown = searching.show(services, user=OPERATOR, project="paint", job_id=job.id)
    assert (shown["state"], shown["progress"], shown["wanted"], shown["measure"]) == ("done", 1.0, 3, "accuracy")
    assert [trial["number"] for trial in shown["trials"]] == [0, 1, 2]
    assert {axis["name"] for axis in shown["space"]} == {"dropout", "epochs", "lr"}
    for trial in shown["trials"]:
        assert set(trial["params"]) == {"dropout", "epochs", "lr"}
        assert [row["epoch"] for row in trial["epochs"]] == list(range(1, trial["params"]["epochs"] + 1))
        assert trial["seconds"] > 0


def test_a_search_is_listed_with_its_best_trial(services: Services, job: Job) -> None:
    row = searching.listing(services, user=OPERATOR, project="paint")[-1]
    assert (row["job_id"], row["state"], row["trials"], row["wanted"], row["version"]) == (job.id, "done", 3, 3, 1)
    shown = searching.show(services, user=OPERATOR, project="paint", job_id=job.id)
    assert row["best"]["number"] == shown["best"]


def test_trials_and_the_training_are_runs_inside_the_search(services: Services, job: Job) -> None:
    with services.db.connect() as db:
        search = run_rows.by_job(db, job.id, kind="search")
        training = run_rows.by_job(db, job.id)
        assert search is not None
        assert training is not None
        trials = run_rows.inside(db, search["id"], kind="trial")
    assert len(trials) == 3
    assert training["parent_id"] == search["id"]
    assert (search["state"], training["state"], training["version_id"]) == ("done", "done", job.context["version_id"])
    shown = runs.show(services, user=OPERATOR, project="paint", run_id=trials[0]["id"])
    assert shown["points"]


def test_a_search_that_waits_is_shown_without_trials(services: Services) -> None:
    waiting = start(services)
    shown = searching.show(services, user=OPERATOR, project="paint", job_id=waiting.id)
    assert (shown["state"], shown["progress"], shown["trials"], shown["best"]) == ("queued", 0.0, [], None)
    assert shown["importance"] is None
    jobs.cancel(services, user=OPERATOR, job_id=waiting.id)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"params": {"epoch": 3}}, "epoch"),
        ({"family": "cascade", "space": {}, "params": {}}, "cannot be searched"),
        ({"family": "attention_unet", "space": {}, "params": {}}, "cannot be searched"),
        ({"params": {"weights": "no-such-file.safetensors"}}, "no-such-file"),
        ({"trials": 0}, "trials=0"),
        ({"processes": 65}, "processes=65"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_a_search_that_cannot_work_is_refused_before_it_is_queued(services: Services, values: Any, said: str) -> None:
    before = len(searching.listing(services, user=OPERATOR, project="paint"))
    with pytest.raises(Rejected, match=said):
        start(services, **values)
    assert len(searching.listing(services, user=OPERATOR, project="paint")) == before


def test_a_job_of_another_kind_is_no_search(services: Services) -> None:
    other = next(one for one in jobs.listing(services, user=OPERATOR, project="paint") if one.kind == "import")
    with pytest.raises(Missing):
        searching.show(services, user=OPERATOR, project="paint", job_id=other.id)
