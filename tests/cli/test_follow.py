"""A command that starts a job follows it; Ctrl-C reaches the job, not the worker."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightloop import wiring
from sightloop.flows import importing
from sightloop.flows.access import OPERATOR
from sightloop.settings import Settings
from sightloop.vision import encode

PICTURES = 1200  # enough that it is still at it when the signal comes, on a busy machine too
PATIENCE = 90.0


@pytest.fixture
def many(tmp_path: Path) -> Path:
    folder = tmp_path / "many" / "noise"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(PICTURES):
        pixels = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8).repeat(40, 0).repeat(40, 1)
        (folder / f"{number}.jpg").write_bytes(encode.jpeg(pixels))
    return folder.parent


def stored(data: Path) -> int:
    with sqlite3.connect(data / "sightloop.db") as db:
        return int(db.execute("SELECT count(*) FROM images").fetchone()[0])


def hears_ctrl_c() -> None:
    """Undo, in the child, what a shell does to programs in its background: they ignore the signal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_asks_the_job_to_stop_and_leaves_with_one(ask: Callable[..., Any], data: Path, many: Path) -> None:
    ask("project", "create", "paint")
    command = [sys.executable, "-m", "sightloop", "--data", str(data), "import", "paint", str(many)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c) as process:
        end = time.monotonic() + PATIENCE
        while not stored(data):
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 1
    assert "Stopped: job" in said
    assert [one["state"] for one in ask("jobs", "list")] == ["cancelled"]
    assert 0 < stored(data) < PICTURES


def test_a_job_that_was_queued_before_is_carried_by_whoever_follows_it(
    ask: Callable[..., Any], data: Path, pictures: Path
) -> None:

    ask("project", "create", "paint")
    services = wiring.build(Settings(data=data, workers=1))
    job = importing.start(services, user=OPERATOR, name="paint", path=pictures)
    services.close()
    assert ask("jobs", "show", job.id)["state"] == "queued"
    assert ask("jobs", "follow", job.id)["state"] == "done"
