"""`sightloop models gate` and `models promote`: the verdict, and the exit code of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run

Ask = Callable[..., Any]
Refusal = Callable[..., tuple[int, str]]


def test_a_verdict_is_made_where_there_is_none_and_shown_where_there_is_one(
    two_versions: None, ask: Ask, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ask("models", "gate", "paint", "2")
    assert (found["verdict"], found["live"], found["unanswered"]) == ("undecided", 1, {"live": 0, "version": 0})
    assert ask("models", "gate", "paint", "2")["id"] == found["id"]
    assert ask("models", "gate", "paint", "2", "--again")["id"] != found["id"]
    capsys.readouterr()
    assert run(["--data", str(data), "models", "gate", "paint", "2"]) == 0
    printed = capsys.readouterr().out
    assert "Version 2 against version 1: undecided." in printed
    assert "cannot tell" in printed


def test_a_refused_promotion_ends_with_3_and_a_forced_one_is_logged_as_such(
    two_versions: None, ask: Ask, refusal: Refusal
) -> None:
    code, said = refusal("models", "promote", "paint", "2")
    assert code == 3
    assert "sightloop models gate paint 2" in said
    code, said = refusal("models", "promote", "paint", "2", "--force")
    assert (code, "needs a reason" in said) == (1, True)
    ask("models", "promote", "paint", "2", "--force", "--reason", "it is sharper")
    assert [row["action"] for row in ask("models", "log", "paint")] == ["force", "promote"]
