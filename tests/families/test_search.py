"""A search: as many trials as were wanted, however often it is killed, and the best one's model at the end."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest

from sightloop import families
from sightloop.core.entities import Example, Json, Progress, TrainingSet
from sightloop.core.errors import Cancelled, Rejected
from sightloop.families import search, spaces

SMALL: dict[str, Any] = {
    "backbone": "test_resnet", "weights": "none", "input_size": 32, "batch": 12, "precision": "fp32", "threads": 1,
    "checkpoint_seconds": 0, "freeze": "upto_stage_1", "patience": 0,
}  # fmt: skip
SPACE: Json = {"epochs": {"low": 2, "high": 4}, "lr": {"low": 1e-3, "high": 1e-1, "log": True}}
CONTEXT: Json = {"weights_dir": ""}


def asked(*, trials: int = 3, processes: int = 1, **values: Any) -> Json:
    fixed = {**SMALL, **values}
    params = dataclasses.asdict(families.params("transfer", fixed))
    space = families.space("transfer", fixed, {name: tried for name, tried in SPACE.items() if name not in fixed})
    numbers = {"trials": trials, "processes": processes, "seed": 1}
    return {"family": "transfer", "params": params, "space": space, **numbers}


class Told:
    """What a search said of its trials: the last of each, and how often each epoch was news."""

    def __init__(self) -> None:
        self.trials: dict[int, Json] = {}

    def __call__(self, trial: Json) -> None:
        self.trials[trial["number"]] = trial

    @property
    def states(self) -> list[str]:
        return [self.trials[number]["state"] for number in sorted(self.trials)]


def searched(data: TrainingSet, work: Path, said: Json, *, told: Told | None = None, report: Any = None) -> Json:
    return families.run_search(
        said, data, work=work, context=CONTEXT, told=told or Told(), report=report or (lambda _: None)
    )


KILLED = """
import json, sys
from pathlib import Path
from sightloop import families
from sightloop.core.entities import Example, TrainingSet

said = json.loads(Path(sys.argv[1]).read_text())
sides = [tuple(Example(*row) for row in said[side]) for side in ("train", "calibration")]
families.run_search(
    said["asked"], TrainingSet(tuple(said["classes"]), *sides), work=Path(said["work"]), context={"weights_dir": ""},
    told=lambda trial: print(json.dumps(trial), flush=True), report=lambda _: None,
)
"""


def rows(examples: Sequence[Example]) -> list[Any]:
    return [list(asdict(example).values()) for example in examples]


def killed(data: TrainingSet, work: Path, wanted: Json) -> list[Json]:
    """Search in a process that is killed while its second trial is under way; returns what it had said."""
    said = {"asked": wanted, "work": str(work), "classes": data.classes}
    said |= {"train": rows(data.train), "calibration": rows(data.calibration)}
    work.mkdir()
    (work / "said.json").write_text(json.dumps(said))
    heard: list[Json] = []
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(work / "said.json")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        hands: list[psutil.Process] = []
        for line in process.stdout:
            heard.append(json.loads(line))
            if not hands and heard[-1]["number"] == 1 and heard[-1]["epochs"]:
                hands = psutil.Process(process.pid).children()
                os.kill(process.pid, signal.SIGKILL)
    assert hands
    assert not psutil.wait_procs(hands, timeout=60)[1]  # they end when their search is gone
    return heard


@pytest.fixture(scope="module")
def alone(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, Told, Path]:
    """A search that was left alone, with one process."""
    told, work = Told(), tmp_path_factory.mktemp("alone") / "work"
    return searched(data, work, asked(), told=told), told, work


def test_every_trial_has_parameters_of_the_space_and_an_accuracy(alone: tuple[Json, Told, Path]) -> None:
    _, told, _ = alone
    assert sorted(told.trials) == [0, 1, 2]
    for trial in told.trials.values():
        assert 2 <= trial["params"]["epochs"] <= 4
        assert 1e-3 <= trial["params"]["lr"] <= 1e-1
        assert trial["params"]["dropout"] in (0.3, 0.5)
        assert trial["state"] in ("done", "pruned")
        assert [row["epoch"] for row in trial["epochs"]] == list(range(1, len(trial["epochs"]) + 1))


def test_the_best_trial_is_the_most_accurate_one(alone: tuple[Json, Told, Path]) -> None:
    found, told, _ = alone
    over = [trial for trial in told.trials.values() if trial["state"] == "done"]
    assert found["value"] == max(trial["value"] for trial in over)
    assert found["found"] == told.trials[found["best"]]["params"]


def test_the_model_that_is_trained_afterwards_is_the_best_trials_own(
    alone: tuple[Json, Told, Path], data: TrainingSet
) -> None:
    found, told, work = alone
    said: list[Progress] = []
    made = families.get("transfer").train(
        data, families.params("transfer", {**SMALL, **found["found"]}),
        folder=work / "bundle", work=work, report=said.append, context=CONTEXT,
    )  # fmt: skip
    assert not [progress for progress in said if "epoch" in progress.figures]
    assert [row["epoch"] for row in made["history"]] == [row["epoch"] for row in told.trials[found["best"]]["epochs"]]
    assert made["metrics"]["calibration"]["accuracy"]["value"] == pytest.approx(found["value"])


def test_trials_share_one_feature_cache(alone: tuple[Json, Told, Path]) -> None:
    built = [path for path in (alone[2] / "features").iterdir() if path.suffix == ".bin"]
    assert len(built) == 2  # of the training side and of the calibration side


def test_a_search_that_is_killed_loses_no_trial_and_ends_as_one_left_alone(
    alone: tuple[Json, Told, Path], data: TrainingSet, tmp_path: Path
) -> None:
    heard = killed(data, tmp_path / "work", asked())
    assert {trial["number"] for trial in heard} == {0, 1}
    told = Told()
    found = searched(data, tmp_path / "work", asked(), told=told)
    assert found == alone[0]
    assert told.trials == alone[1].trials


def test_a_search_that_is_over_is_not_done_again(alone: tuple[Json, Told, Path], data: TrainingSet) -> None:
    before = dict(alone[1].trials)
    told = Told()
    assert searched(data, alone[2], asked(), told=told) == alone[0]
    assert told.trials == before


def test_a_trial_whose_process_is_killed_goes_on_in_another(
    alone: tuple[Json, Told, Path], data: TrainingSet, tmp_path: Path
) -> None:
    class Killing(Told):
        victims = 0

        def __call__(self, trial: Json) -> None:
            super().__call__(trial)
            if trial["number"] == 0 and len(trial["epochs"]) == 1 and not self.victims:
                hands = [one for one in psutil.Process().children() if "sightloop.families.trials" in one.cmdline()]
                self.victims = len(hands)
                for hand in hands:
                    hand.kill()

    told = Killing()
    assert searched(data, tmp_path / "work", asked(), told=told) == alone[0]
    assert told.victims == 1
    assert told.trials == alone[1].trials


def test_several_processes_make_as_many_trials_and_share_the_cache(data: TrainingSet, tmp_path: Path) -> None:
    told = Told()
    found = searched(data, tmp_path / "work", asked(trials=5, processes=2), told=told)
    assert sorted(told.trials) == [0, 1, 2, 3, 4]
    assert set(told.states) <= {"done", "pruned"}
    assert found["importance"] is None or sum(found["importance"].values()) == pytest.approx(1)
    assert len(list((tmp_path / "work" / "features").glob("*.bin"))) == 2


def test_a_search_that_is_cancelled_leaves_no_process_behind(data: TrainingSet, tmp_path: Path) -> None:
    before = psutil.Process().children(recursive=True)

    def stop(progress: Progress) -> None:
        if "epoch 1" in progress.message:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        searched(data, tmp_path / "work", asked(processes=2), report=stop)
    assert psutil.Process().children(recursive=True) == before


def test_trials_that_fail_say_why_and_a_search_of_nothing_else_too(data: TrainingSet, tmp_path: Path) -> None:
    told = Told()
    with pytest.raises(Rejected, match="none of 2 trials") as caught:
        searched(data, tmp_path / "work", asked(trials=2, backbone="no_such_backbone"), told=told)
    assert told.states == ["failed", "failed"]
    assert "no_such_backbone" in told.trials[0]["reason"]
    assert "no_such_backbone" in caught.value.message


def test_without_a_calibration_side_there_is_nothing_to_compare_by(data: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="calibration side"):
        searched(TrainingSet(data.classes, data.train, ()), tmp_path / "work", asked())


def test_a_journal_that_ends_in_half_a_line_is_mended(alone: tuple[Json, Told, Path], data: TrainingSet) -> None:
    journal = alone[2] / "trials" / "journal.log"
    with journal.open("ab") as file:
        file.write(b'{"op_code":6,"worker')
    assert searched(data, alone[2], asked()) == alone[0]


def test_a_family_without_epochs_is_searched_too(data: TrainingSet, tmp_path: Path) -> None:
    fixed = {"backbone": "test_resnet", "weights": "none", "input_size": 32}
    said = {
        **asked(trials=2),
        "family": "linear",
        "params": dataclasses.asdict(families.params("linear", fixed)),
        "space": families.space("linear", fixed, {}),
    }
    told = Told()
    found = searched(data, tmp_path / "work", said, told=told)
    assert told.states == ["done", "done"]
    assert set(found["found"]) == {"c", "resize", "mirror_below"}


def test_a_trial_that_falls_behind_is_pruned_and_is_over_all_the_same(data: TrainingSet, tmp_path: Path) -> None:
    wanted = asked(trials=6, epochs=4, lr=1e-5)  # which learns nothing, while five others were always right
    (tmp_path / "trials").mkdir()
    study = search._study(tmp_path / "trials" / "journal.log")
    for _ in range(5):
        trial = study.ask()
        for axis in spaces.axes_of(wanted["space"]):
            search._suggest(trial, axis)
        for epoch in range(1, 5):
            trial.report(1.0, epoch)
        study.tell(trial, 1.0)
    told = Told()
    found = searched(data, tmp_path, wanted, told=told)
    assert told.states == ["done"] * 5 + ["pruned"]
    assert 2 <= len(told.trials[5]["epochs"]) < 4
    assert (found["best"], found["value"]) == (0, 1.0)
