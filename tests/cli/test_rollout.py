"""`sightloop rollout` and `models shadow`: what follows a promotion, from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run

Ask = Callable[..., Any]
Refusal = Callable[..., tuple[int, str]]


def test_a_forced_version_is_watched_and_the_log_calls_it_forced(
    two_versions: None, ask: Ask, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("rollout", "show", "paint")["state"] == "none"
    ask("models", "promote", "paint", "2", "--force", "--reason", "it is sharper")
    assert ask("rollout", "show", "paint")["state"] == "watching"
    capsys.readouterr()
    assert run(["--data", str(data), "rollout", "show", "paint"]) == 0
    assert "Version 2 is watched for 7 days or 500 answers." in capsys.readouterr().out
    assert run(["--data", str(data), "models", "log", "paint"]) == 0
    assert "forced" in capsys.readouterr().out
    assert "detail" in ask("models", "log", "paint")[0]
    assert ask("rollout", "end", "paint", "--version", "2", "--reason", "we look ourselves")["state"] == "ended"


def test_a_version_tried_in_shadow_waits_for_pictures_in_use(two_versions: None, ask: Ask, refusal: Refusal) -> None:
    assert refusal("models", "shadow", "paint", "2")[0] == 2
    found = ask("models", "shadow", "paint", "2", "--reason", "it is smaller")
    assert (found["kind"], found["version"], found["answers"]) == ("shadow", 2, 0)
    code, said = refusal("rollout", "end", "paint", "--kind", "watch", "--reason", "enough")
    assert (code != 0, "is watched" in said) == (True, True)
    ended = ask("rollout", "end", "paint", "--kind", "shadow", "--version", "2", "--reason", "enough")
    assert ended["state"] == "ended"
