"""`sightloop tune`: what it refuses before anything is queued, and how people read what it found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sightloop.cli import tuning

SMALL = {"backbone": "test_resnet", "weights": "none", "input_size": 32}


def test_what_cannot_be_searched_is_refused_in_a_line_and_a_hint(
    ask: Callable[..., Any], refusal: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    ask("project", "create", "paint", "--class", "red", "--class", "blue")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**SMALL, "space": {"lr": 0.1}}))
    code, said = refusal("tune", "paint", "--config", str(config))
    assert code == 1
    assert "'lr' is not clear" in said
    assert "Hint: Give choices" in said
    assert not ask("jobs", "list")


def test_a_search_is_told_as_a_table_with_the_best_trial_first() -> None:
    trials = [
        {"number": 0, "state": "failed", "params": {"lr": 0.01}, "value": None, "seconds": 3.0},
        {"number": 1, "state": "done", "params": {"lr": 0.000123}, "value": 0.5, "seconds": 4.0},
        {"number": 2, "state": "done", "params": {"lr": 0.002}, "value": 0.75, "seconds": None},
    ]
    found = {"space": [{"name": "lr"}], "trials": trials, "best": 2, "importance": {"lr": 1.0}}
    lines = tuning._told(found, {"version": 4}).splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["trial", "3", "2", "1"]
    assert "75.0%" in lines[1]
    assert "What mattered: lr 100%." in lines
    assert "Version 4 is registered." in lines
