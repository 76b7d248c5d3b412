"""Evaluating: a job that scores a version and leaves its figures behind, and nothing else."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop.core.entities import Job, Progress, Project
from sightloop.core.errors import Cancelled, Missing, Rejected
from sightloop.flows import evaluating, evaluation_runs, importing, library, runs
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import jobs
from sightloop.store.images import Filters

Picture = Callable[..., bytes]
Run = Callable[[Job], Job]
COLOURS = ("red", "green", "blue")


@pytest.fixture
def painted(tmp_path: Path, picture: Picture) -> Path:
    """Class folders of six pictures, one of them in the wrong folder."""
    for colour in COLOURS:
        (tmp_path / "painted" / colour).mkdir(parents=True)
        for seed in range(6):
            shown = "red" if (colour, seed) == ("blue", 0) else colour
            (tmp_path / "painted" / colour / f"{seed}.jpg").write_bytes(picture(shown, seed=seed + 100))
    return tmp_path / "painted"


@pytest.fixture
def live(project: Project, model: Callable[..., int]) -> int:
    return model(project)


def test_a_folder_is_scored_and_nothing_of_it_is_stored(
    services: Services, project: Project, live: int, painted: Path, run_job: Run
) -> None:
    job = run_job(evaluating.start(services, user=OPERATOR, name="paint", path=painted))
    figures = job.context["evaluation"]
    assert (job.kind, job.state, figures["n"], figures["model_version"]) == ("evaluate", "done", 18, live)
    assert figures["accuracy"]["value"] == pytest.approx(17 / 18)
    assert library.page(services, user=OPERATOR, project="paint", filters=Filters(), cursor=None, limit=5)[0] == []


def test_the_test_side_is_scored_and_no_other(
    services: Services, project: Project, live: int, painted: Path, run_job: Run
) -> None:
    run_job(importing.start(services, user=OPERATOR, name="paint", path=painted))
    job = run_job(evaluating.start(services, user=OPERATOR, name="paint", version="1"))
    held_out = library.page(
        services, user=OPERATOR, project="paint", filters=Filters(side="test"), cursor=None, limit=50
    )[0]
    assert job.context["evaluation"]["n"] == len(held_out) > 0


def test_an_empty_test_side_is_a_failure_with_a_hint(
    services: Services, project: Project, live: int, run_job: Run
) -> None:
    job = run_job(evaluating.start(services, user=OPERATOR, name="paint"))
    assert job.state == "failed"
    assert "no labelled picture on its test side" in (job.error or "")


def test_nothing_is_queued_for_a_version_that_is_not_there(services: Services, project: Project) -> None:
    with pytest.raises(Missing):
        evaluating.start(services, user=OPERATOR, name="paint", version="7")
    with services.db.connect() as db:
        assert jobs.all(db) == []


def test_a_class_that_the_project_lacks_is_named_and_the_folder_is_not(
    services: Services, project: Project, live: int, painted: Path
) -> None:
    (painted / "blue").rename(painted / "mauve")
    with pytest.raises(Rejected, match="'mauve'") as caught:
        evaluating.start(services, user=OPERATOR, name="paint", path=painted)
    assert str(painted.parent) not in caught.value.message + caught.value.hint


def test_a_zip_is_scored_as_its_folder_is(
    services: Services, project: Project, live: int, painted: Path, tmp_path: Path, run_job: Run
) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted(painted.rglob("*.jpg")):
            archive.write(path, path.relative_to(painted))
    done = [
        run_job(evaluating.start(services, user=OPERATOR, name="paint", path=path))
        for path in (painted, tmp_path / "set.zip")
    ]
    assert done[0].context["evaluation"]["confusion"] == done[1].context["evaluation"]["confusion"]


def test_an_evaluation_says_how_far_it_is_and_stops_when_asked(
    services: Services, project: Project, live: int, painted: Path
) -> None:
    job = evaluating.start(services, user=OPERATOR, name="paint", path=painted)
    seen: list[float] = []

    def report(progress: Progress) -> None:
        seen.append(progress.done / progress.total)
        raise Cancelled("enough.")

    with pytest.raises(Cancelled):
        evaluating.run(services, job, report)
    assert len(seen) == 1
    assert 0 < seen[0] < 1


def test_an_evaluation_that_is_begun_again_after_a_crash_is_one_run_beside_the_trainings(
    services: Services, project: Project, live: int, painted: Path, run_job: Run
) -> None:
    job = evaluating.start(services, user=OPERATOR, name="paint", path=painted)
    begun = evaluation_runs.begin(services, job)
    figures = run_job(job).context["evaluation"]
    [run] = runs.listing(services, user=OPERATOR, project="paint", kind="evaluation")
    assert (run["id"], run["state"], run["version"], run["params"]["data"]) == (begun.run_id, "done", live, "painted")
    assert run["metrics"]["accuracy"] == figures["accuracy"]
    assert runs.listing(services, user=OPERATOR, project="paint") == []
