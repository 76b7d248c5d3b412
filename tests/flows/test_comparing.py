"""Two versions on the same held-out pictures: which pictures, which way the difference goes, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sightloop.core.entities import Image, Job, Json, ModelVersion, Project
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import comparing, evaluating
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import changes, outcomes
from tests.flows import labelled
from tests.store import builders


def say(services: Services, version: ModelVersion, words: dict[str, str], known: dict[str, Image]) -> None:
    """What a version said while it was judged."""
    said = [builders.prediction(known[name], predicted=word, version_id=version.id) for name, word in words.items()]
    with services.db.begin() as db:
        outcomes.keep(db, said)


def compare(services: Services, first: str = "1", second: str = "2") -> Json:
    return comparing.compare(services, user=OPERATOR, project="paint", first=first, second=second)


@pytest.fixture
def held_out(services: Services, project: Project) -> dict[str, Image]:
    """Twelve red pictures on the test side, and one on each side that teaches."""
    sides = {"train": "train", "calibration": "calibration"}
    return {
        name: labelled.add(services, project, name, side=sides.get(name, "test"))
        for name in [*sides, *(f"t{number}" for number in range(12))]
    }


@pytest.fixture
def pair(services: Services, project: Project, held_out: dict[str, Image]) -> tuple[ModelVersion, ModelVersion]:
    """The first is right about t0 … t3, the second about t1 … t11; both learnt from the same snapshot."""
    snapshot_id = _freeze(services, project)
    one, two = (labelled.version(services, project, snapshot_id=snapshot_id) for _ in range(2))
    tests = [name for name in held_out if name.startswith("t") and name != "train"]
    say(services, one, {name: "red" if name in ("t0", "t1", "t2", "t3") else "blue" for name in tests}, held_out)
    say(services, two, {name: "blue" if name == "t0" else "red" for name in tests}, held_out)
    return one, two


def _freeze(services: Services, project: Project) -> str:
    labelled.add(services, project, "second class", label="blue", side="train")
    snapshot_id: str = labelled.freeze(services, project)["snapshot_id"]
    return snapshot_id


def test_the_difference_is_second_minus_first_and_its_pictures_are_named(
    services: Services, held_out: dict[str, Image], pair: tuple[ModelVersion, ModelVersion]
) -> None:
    found = compare(services)
    assert (found["n"], found["fixed_count"], found["broken_count"], found["reason"]) == (12, 8, 1, None)
    assert (found["a"]["accuracy"]["value"], found["b"]["accuracy"]["value"]) == (4 / 12, 11 / 12)
    assert found["difference"]["value"] == pytest.approx(7 / 12)
    assert 0 < found["difference"]["low"] < 7 / 12 < found["difference"]["high"]
    assert [image.id for image in found["broken"]] == [held_out["t0"].id]
    assert {image.id for image in found["fixed"]} == {held_out[f"t{number}"].id for number in range(4, 12)}
    assert "version 2 is better than version 1: 91.7% against 33.3% right" in found["sentence"]


def test_the_other_way_round_the_difference_is_the_other_way_round(
    services: Services, pair: tuple[ModelVersion, ModelVersion]
) -> None:
    forth, back = compare(services), compare(services, "champion", "previous")
    assert back["difference"]["value"] == -forth["difference"]["value"]
    assert [one.id for one in back["fixed"]] == [one.id for one in forth["broken"]]
    assert "version 1 is worse than version 2" in back["sentence"]


def test_pictures_that_taught_either_version_are_left_out(
    services: Services, project: Project, held_out: dict[str, Image], pair: tuple[ModelVersion, ModelVersion]
) -> None:
    moved = labelled.add(services, project, "moved", side="train")
    third = labelled.version(services, project, snapshot_id=labelled.freeze(services, project)["snapshot_id"])
    with services.db.begin() as db:
        changes.save(db, [changes.Change(moved, replace(moved, side="test"), "")])
    everything = {**held_out, "moved": moved}
    for version in (pair[0], third):
        say(services, version, dict.fromkeys(everything, "red"), everything)
    assert compare(services, "1", "3")["n"] == 12


def test_only_pictures_that_both_answered_count_and_the_others_are_told(
    services: Services, project: Project, pair: tuple[ModelVersion, ModelVersion]
) -> None:
    labelled.add(services, project, "new", side="test")
    found = compare(services)
    assert found["n"] == 12
    assert "Of 13 held-out pictures version 1 has not answered 1 and version 2 has not answered 1" in found["reason"]


def test_a_label_corrected_since_counts_as_it_is_now(
    services: Services, held_out: dict[str, Image], pair: tuple[ModelVersion, ModelVersion]
) -> None:
    labelled.relabel(services, held_out["t0"], "blue")
    found = compare(services)
    assert (found["fixed_count"], found["broken_count"]) == (9, 0)


def test_versions_that_answer_alike_are_not_told_apart(
    services: Services, held_out: dict[str, Image], pair: tuple[ModelVersion, ModelVersion]
) -> None:
    say(services, pair[1], {name: "red" if name in ("t0", "t1", "t2", "t4") else "blue" for name in held_out}, held_out)
    found = compare(services)
    assert (found["difference"]["value"], found["fixed_count"], found["broken_count"]) == (0.0, 1, 1)
    assert "that taught neither, version 2 is not shown to differ from version 1" in found["sentence"]


def test_without_held_out_pictures_nothing_is_said(services: Services, project: Project) -> None:
    for _ in range(2):
        labelled.version(services, project)
    found = compare(services)
    assert (found["n"], found["a"]["accuracy"], found["difference"]["value"]) == (0, None, None)
    assert found["reason"] == "There is no labelled picture on the test side yet."


def test_a_version_is_not_compared_with_itself_or_with_nothing(
    services: Services, pair: tuple[ModelVersion, ModelVersion]
) -> None:
    with pytest.raises(Rejected, match="both version 2"):
        compare(services, "2", "champion")
    with pytest.raises(Missing):
        compare(services, "1", "9")


def test_an_evaluation_on_the_test_side_fills_what_is_missing(
    services: Services,
    project: Project,
    model: Callable[..., int],
    kept: Callable[..., Image],
    picture: Callable[..., bytes],
    run_job: Callable[[Job], Job],
) -> None:
    for seed in range(12):
        labelled.relabel(services, kept(picture("red", seed=seed)), "blue" if seed == 0 else "red")
    for sharpness in (8.0, 2.0):
        model(project, live=False, sharpness=sharpness)
    before = compare(services)
    assert (before["n"], "version 1 has not answered" in before["reason"]) == (0, True)
    for version in ("1", "2"):
        job = run_job(evaluating.start(services, user=OPERATOR, name="paint", version=version))
        assert job.state == "done", job.error
    after = compare(services)
    assert after["n"] == job.context["evaluation"]["n"] > 0
    assert (after["difference"]["value"], after["reason"]) == (0.0, None)
    assert "nobody wrote down what taught version 1 and 2" in after["sentence"]
    assert after["a"]["accuracy"]["value"] == pytest.approx(job.context["evaluation"]["accuracy"]["value"])
