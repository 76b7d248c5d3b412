"""The process that carries out trials: what it answers, and which epoch of a training counts."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

from sightloop import families
from sightloop.core.entities import Json, TrainingSet
from sightloop.families import trials
from sightloop.families.crew import Crew, Hand

SMALL: dict[str, Any] = {
    "backbone": "test_resnet", "weights": "none", "input_size": 32, "batch": 12, "precision": "fp32",
    "freeze": "upto_stage_1", "epochs": 3,
}  # fmt: skip


def order(folder: Path, **values: Any) -> Json:
    params = dataclasses.asdict(families.params("transfer", {**SMALL, **values}))
    return {"params": params, "folder": str(folder)}


def setup(data: TrainingSet, folder: Path) -> Path:
    path = folder / "search.json"
    path.write_text(trials.written(data, family="transfer", threads=1, context={"weights_dir": ""}))
    return path


def answer(crew: Crew) -> tuple[Hand, Json | None]:
    """The next that is said of an epoch or of an end."""
    while True:
        heard = crew.hear(timeout=60)
        assert heard is not None
        if heard[1] is None or "message" not in heard[1]:
            return heard


def test_the_epoch_of_least_loss_is_the_one_that_counts() -> None:
    rows = [(0.9, 0.5), (0.8, 0.3), (1.0, math.nan), (0.9, 0.4)]
    history = [{trials.ACCURACY: accuracy, trials.LOSS: loss} for accuracy, loss in rows]
    assert trials.judged(history) == (0.8, 0.3)


def test_a_trial_that_may_not_go_on_is_pruned_and_the_next_one_begins(data: TrainingSet, tmp_path: Path) -> None:
    with Crew(setup(data, tmp_path)) as crew:
        hand = crew.hire()
        hand.tell(order(tmp_path / "one"))
        assert (answer(crew)[1] or {})["epoch"] == 1
        hand.tell({"go": False})
        assert answer(crew)[1] == {"pruned": True}
        hand.tell(order(tmp_path / "two", epochs=1))
        said = answer(crew)[1] or {}
        assert (said["epoch"], said["share"]) == (1, 1)
        hand.tell({"go": True})
        ended = answer(crew)[1] or {}
        assert len(ended["history"]) == 1
        assert 0 <= ended["accuracy"] <= 1


def test_a_process_without_anybody_at_the_other_end_is_gone(data: TrainingSet, tmp_path: Path) -> None:
    crew = Crew(setup(data, tmp_path))
    hand = crew.hire()
    assert hand._process.stdin is not None
    hand._process.stdin.close()
    assert answer(crew) == (hand, None)
    assert crew.dismiss(hand) == 0


def test_what_a_trial_fails_of_is_its_answer(data: TrainingSet, tmp_path: Path) -> None:
    said = trials.carry_out(
        {"family": "transfer", "classes": data.classes, "context": {"weights_dir": ""},
         "train": [dataclasses.asdict(data.train[0])], "calibration": [], "certification": []},
        order(tmp_path / "one"), report=lambda _: None,
    )  # fmt: skip
    assert "two classes" in said["failed"]
