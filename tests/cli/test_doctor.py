"""The doctor finds what would keep Sightloop from working, and changes nothing by looking."""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightloop.cli.main import run
from sightloop.flows.doctor import Finding, Setup, examine


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    data = tmp_path / "data"
    database = f"sqlite:///{data / 'sightloop.db'}"
    return Setup(data, database, data / "weights", host="127.0.0.1", port=0, secret=None, remote_blobs=False)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.1)
        yield listening.getsockname()[1]


def finding(setup: Setup, name: str) -> Finding:
    return next(one for one in examine(setup) if one.name == name)


def test_a_fresh_machine_passes_and_nothing_is_made(setup: Setup) -> None:
    assert [one.name for one in examine(setup) if one.state == "failed"] == []
    assert not setup.data.exists()


def test_a_taken_port_fails_with_what_to_do(setup: Setup, taken: int) -> None:
    found = finding(dataclasses.replace(setup, port=taken), "port")
    assert (found.state, "SIGHTLOOP_PORT" in found.hint) == ("failed", True)


def test_a_data_folder_that_is_a_file_fails(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert finding(dataclasses.replace(setup, data=tmp_path / "file"), "data folder").state == "failed"


def test_a_database_that_does_not_answer_fails(setup: Setup) -> None:
    away = dataclasses.replace(setup, database="postgresql://nobody@127.0.0.1:9/nothing")
    assert finding(away, "database").state == "failed"


def test_a_secret_that_others_can_read_fails(setup: Setup) -> None:
    setup.data.mkdir()
    (setup.data / "secret.key").write_text("x" * 64)
    (setup.data / "secret.key").chmod(0o644)
    assert finding(setup, "secret").state == "failed"


def test_weights_that_are_there_are_named(setup: Setup) -> None:
    setup.weights.mkdir(parents=True)
    assert finding(setup, "weights").state == "advice"
    (setup.weights / "net.safetensors").write_bytes(b"")
    assert "net.safetensors" in finding(setup, "weights").message


def test_the_command_leaves_with_one_where_a_check_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], taken: int
) -> None:
    monkeypatch.setenv("SIGHTLOOP_PORT", str(taken))
    assert run(["--data", str(tmp_path / "data"), "doctor", "--json"]) == 1
    assert "failed" in {one["state"] for one in json.loads(capsys.readouterr().out)}
