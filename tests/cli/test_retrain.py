"""`sightloop retrain`: whether it would by itself, and a ZIP that is taken in first."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sightloop import wiring
from sightloop.cli.main import run
from sightloop.flows import jobs
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from tests import cascaded, tiny

Ask = Callable[..., Any]
Refusal = Callable[..., tuple[int, str]]
PARAMS = {"weights": "none", "backbone": "test_resnet", "input_size": 32}


@pytest.fixture
def services(data: Path, tmp_path: Path) -> Iterator[Services]:
    """A project with labelled pictures and a live model that can learn on."""
    built = wiring.build(Settings(data=data, workers=1))
    made = cascaded.project(built, tmp_path, certify=False)
    cascaded.member(built, made, tmp_path, sharpness=4.0, params=PARAMS)
    yield built
    built.close()


def archive(path: Path, *colours: str) -> str:
    with zipfile.ZipFile(path, "w") as out:
        for name in colours:
            for seed in range(100, 102):
                out.writestr(f"{name}/{seed}.jpg", tiny.picture(name, seed=seed))
    return str(path)


def queued(services: Services) -> int:
    return len(jobs.listing(services, user=OPERATOR, project="paint", kinds=("train",)))


def test_a_dry_run_says_what_it_would_do_and_queues_nothing(
    services: Services, ask: Ask, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ask("retrain", "paint", "--dry-run")
    assert (found["would"], found["rule"], found["family"]) == (False, None, "linear")
    assert [one["name"] for one in found["rules"]] == ["performance", "covariate", "corrections", "class", "labels"]
    assert run(["--data", str(data), "retrain", "paint", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("It would not retrain by itself now. No rule asks for a training.")
    assert "labels: 48 of 50 new labels since version 1 learnt: 2 more are wanted." in printed
    assert "automatic_off" in printed
    assert queued(services) == 0


def test_a_zip_is_learnt_from_beside_what_is_there_and_stays_where_it_lies(
    services: Services, ask: Ask, tmp_path: Path
) -> None:
    taken = archive(tmp_path / "new.zip", "red", "blue")
    done = ask("retrain", "paint", "--zip", taken)
    assert (done["state"], done["context"]["version"]) == ("done", 2)
    assert sum(sum(side.values()) for side in done["context"]["counts"].values()) == 52
    assert Path(taken).exists()


def test_a_zip_with_a_class_that_the_project_does_not_have_is_refused(
    services: Services, refusal: Refusal, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "strange.zip", "w") as out:
        out.writestr("violet/1.jpg", tiny.picture("red", seed=100))
    code, said = refusal("retrain", "paint", "--zip", str(tmp_path / "strange.zip"))
    assert (code, "violet" in said) == (1, True)
    assert queued(services) == 0


def test_too_few_new_labels_are_refused_with_the_gap(services: Services, refusal: Refusal) -> None:
    code, said = refusal("retrain", "paint")
    assert code != 0
    assert "48 of 50 new labels since version 1 learnt: 2 more are wanted." in said
