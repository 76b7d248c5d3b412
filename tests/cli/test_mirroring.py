"""`sightloop mirror` says what it sent, and leaves with 1 where there is nobody to send to."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.flows.doctor import Setup, examine


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_without_an_address_the_setting_is_named(refusal: Callable[..., tuple[int, str]]) -> None:
    code, said = refusal("mirror")
    assert (code, "SIGHTLOOP_MLFLOW_URI" in said) == (1, True)


def test_a_server_that_is_away_is_an_error_and_the_status_says_so(
    ask: Callable[..., Any],
    refusal: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    nobody: str,
    data: Path,
) -> None:
    monkeypatch.setenv("SIGHTLOOP_MLFLOW_URI", nobody)
    ask("project", "create", "paint")
    code, said = refusal("mirror")
    assert (code, f"{nobody} does not answer" in said) == (1, True)
    setup = Setup(data, f"sqlite:///{data / 'sightloop.db'}", data, "127.0.0.1", 0, None, remote_blobs=False)
    [found] = [one for one in examine(dataclasses.replace(setup, mlflow=nobody)) if one.name == "mirror"]
    assert (found.state, "does not answer" in found.hint) == ("advice", True)


def test_an_address_with_a_password_is_refused_without_repeating_it(
    refusal: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLOOP_MLFLOW_URI", "http://ann:hush@mlflow.example")
    code, said = refusal("mirror")
    assert (code, "SIGHTLOOP_MLFLOW_TOKEN" in said, "hush" in said) == (2, True, False)
