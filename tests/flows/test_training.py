"""A real small training from labels to a live version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sightloop import wiring
from sightloop.core.entities import Job
from sightloop.core.errors import Rejected
from sightloop.flows import evaluating, importing, models, predict, projects, runs, training
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.store import labelled, outcomes
from tests import tiny

SMALL = {"backbone": "test_resnet", "weights": "none", "freeze": "none", "input_size": 32, "epochs": 3, "batch": 8,
         "precision": "fp32", "lr": 0.01}  # fmt: skip


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, Job, Path]]:
    """An installation with one small trained project, its finished training, and the folder it was imported from."""
    root = tmp_path_factory.mktemp("studio")
    built = wiring.build(Settings(data=root / "data", workers=1))
    projects.create(built, user=OPERATOR, name="paint", classes=tuple(tiny.COLOURS))
    for colour in tiny.COLOURS:
        (root / "painted" / colour).mkdir(parents=True)
        for seed in range(24):
            (root / "painted" / colour / f"{seed}.jpg").write_bytes(tiny.picture(colour, seed=seed))
    tiny.run(built, importing.start(built, user=OPERATOR, name="paint", path=root / "painted"))
    job = tiny.run(built, training.start(built, user=OPERATOR, name="paint", family="transfer", params=SMALL))
    assert job.state == "done", job.error
    yield built, job, root / "painted"
    built.close()


@pytest.fixture
def services(studio: tuple[Services, Job, Path]) -> Services:
    return studio[0]


@pytest.fixture
def trained(studio: tuple[Services, Job, Path]) -> Job:
    return studio[1]


@pytest.fixture
def painted(studio: tuple[Services, Job, Path]) -> Path:
    return studio[2]


def test_a_training_ends_as_a_live_version_that_answers(services: Services) -> None:
    [version] = models.listing(services, user=OPERATOR, name="paint")
    assert (version["number"], version["alias"], version["family"]) == (1, "champion", "transfer")
    services.runtime.refresh()
    answer = predict.predict(services, user=OPERATOR, project="paint", data=tiny.picture("blue", seed=99))
    assert answer["predicted"] == "blue"


def test_the_card_and_the_plots_are_in_the_bundle(services: Services) -> None:
    card = models.show(services, user=OPERATOR, name="paint", ref="champion")["card"]
    assert "test" in card
    for name in ("confusion", "roc", "reliability", "curve"):
        drawn, media_type = models.plot(services, user=OPERATOR, name="paint", ref="1", plot=name)
        assert (drawn[:4], media_type) == (b"<svg", "image/svg+xml")


def test_the_test_side_is_what_the_figures_are_about(trained: Job) -> None:
    counts = trained.context["counts"]
    assert trained.context["evaluation"]["n"] == sum(counts["test"].values()) > 0
    assert not set(counts["train"]) - {"red", "green", "blue"}


def test_what_the_new_version_said_of_every_judging_picture_is_kept(services: Services, trained: Job) -> None:
    with services.db.connect() as db:
        judging = [one.id for one in labelled.on_test(db, trained.project_id or "")]
        version = trained.context["version_id"]
        said = outcomes.said(db, judging, version_ids=[version])[version]
    assert set(said) == set(judging)
    assert len(said) == trained.context["evaluation"]["n"]


def test_the_run_has_a_point_per_epoch(services: Services) -> None:
    [run] = runs.listing(services, user=OPERATOR, project="paint")
    points = runs.show(services, user=OPERATOR, project="paint", run_id=run["id"])["points"]
    assert len(points) == 3
    assert (run["state"], run["version"]) == ("done", 1)


def test_a_folder_is_scored_with_all_documented_figures(services: Services, painted: Path) -> None:
    job = tiny.run(services, evaluating.start(services, user=OPERATOR, name="paint", path=painted))
    figures = job.context["evaluation"]
    assert figures["n"] == 72
    assert {"accuracy", "unknown_share", "macro_f1", "roc_auc", "ece", "per_class"} <= set(figures)
    assert figures["accuracy"]["low"] <= figures["accuracy"]["value"] <= figures["accuracy"]["high"]


def test_a_folder_of_other_classes_is_refused_by_name(services: Services, painted: Path, tmp_path: Path) -> None:
    (tmp_path / "other" / "purple").mkdir(parents=True)
    (tmp_path / "other" / "purple" / "1.jpg").write_bytes((painted / "red" / "1.jpg").read_bytes())
    with pytest.raises(Rejected, match="purple"):
        evaluating.start(services, user=OPERATOR, name="paint", path=tmp_path / "other")


def test_pictures_of_one_class_cannot_be_trained_on_and_say_why(services: Services, tmp_path: Path) -> None:
    (tmp_path / "red").mkdir(parents=True)
    (tmp_path / "red" / "1.jpg").write_bytes(tiny.picture("red"))
    projects.create(services, user=OPERATOR, name="lone", classes=("red", "blue"))
    tiny.run(services, importing.start(services, user=OPERATOR, name="lone", path=tmp_path))
    job = tiny.run(services, training.start(services, user=OPERATOR, name="lone", family="transfer", params=SMALL))
    assert job.state == "failed"
    assert "Two classes are needed" in (job.error or "")


def test_an_unknown_parameter_is_refused_before_anything_is_queued(services: Services) -> None:
    with pytest.raises(Rejected, match="epoch"):
        training.start(services, user=OPERATOR, name="paint", family="transfer", params={"epoch": 3})


def test_trees_grow_on_the_encoder_of_the_live_model(services: Services) -> None:
    asked = {"backbone": "test_resnet", "weights": "live", "search": "none"}
    job = tiny.run(services, training.start(services, user=OPERATOR, name="paint", family="boosted", params=asked))
    assert job.state == "done", job.error
    newest = models.listing(services, user=OPERATOR, name="paint")[0]
    assert (newest["number"], newest["family"], newest["params"]["weights"]) == (2, "boosted", "live")


def test_a_family_that_cannot_go_on_from_the_live_model_is_refused(services: Services) -> None:
    with pytest.raises(Rejected, match="no live model that family 'linear' can go on from"):
        training.start(services, user=OPERATOR, name="paint", family="linear", params={"weights": "live"})
