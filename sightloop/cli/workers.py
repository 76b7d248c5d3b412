"""Worker processes the command line starts: one beside the server, or one for a single job."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

STOP_SECONDS = 30.0
RESTART_SECONDS = 2.0


def start(*arguments: str, data: Path, errors: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """A worker that ends with this process, however this process ends: it watches the pipe that is its stdin.

    Args:
        errors: where its log goes; this process's stderr when absent.
    """
    command = [sys.executable, "-m", "sightloop.worker", "--attached", "--data", str(data), *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the worker to put its jobs back, and end it where it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


@contextmanager
def embedded(*, data: Path) -> Iterator[None]:
    """One worker beside the server, started again where it dies; a crash in it never reaches the server."""
    closing = threading.Event()
    keeper = threading.Thread(target=_keep, args=(closing, data), name="worker-keeper")
    keeper.start()
    try:
        yield
    finally:
        closing.set()
        keeper.join()


def _keep(closing: threading.Event, data: Path) -> None:
    while not closing.is_set():
        process = start(data=data)
        while process.poll() is None and not closing.wait(0.2):
            pass
        stop(process)
        closing.wait(RESTART_SECONDS)


def become(module: str, *flags: str) -> None:
    """Turn this process into another door; doors never import each other."""
    os.execv(sys.executable, [sys.executable, "-m", module, *flags])  # noqa: S606  no shell is wanted
