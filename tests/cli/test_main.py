"""The command line finds its verbs without importing them, and every error has its exit code."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sightloop.cli.main import LAZY, exit_code, run
from sightloop.core.errors import BadImage, Cancelled, GateRefused, Missing, SightloopError

HEAVY = {"torch", "sqlalchemy", "numpy", "onnxruntime", "fastapi", "scipy", "sklearn", "PIL", "pydantic"}


def modules_after(*arguments: str) -> set[str]:
    code = f"import sys; from sightloop.cli.main import run; run({list(arguments)!r})"
    code += "; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return {name.split(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("arguments", [("--help",), *((name, "--help") for name in LAZY)], ids=" ".join)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert not modules_after(*arguments) & HEAVY


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in LAZY)


@pytest.mark.parametrize("name", LAZY)
def test_a_command_says_at_length_what_the_list_says_in_short(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert "Usage: sightloop" in capsys.readouterr().out


def test_an_unknown_command_is_a_usage_error() -> None:
    assert run(["improve"]) == 2


def test_a_missing_argument_is_a_usage_error() -> None:
    assert run(["train"]) == 2


def test_a_known_default_as_secret_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLOOP_SECRET_KEY", "changeme")
    assert run(["project", "list"]) == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [(Missing("no"), 1), (BadImage("no"), 1), (Cancelled("no"), 1), (SightloopError("no"), 1), (GateRefused("no"), 3)],
)
def test_every_error_has_its_exit_code(error: SightloopError, code: int) -> None:
    assert exit_code(error) == code


def test_the_script_leaves_with_the_exit_code() -> None:
    done = subprocess.run([sys.executable, "-m", "sightloop", "improve"], capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
