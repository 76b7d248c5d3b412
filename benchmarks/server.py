"""A real server of our own for benchmarks: started, watched, killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

START_SECONDS = 60.0


@dataclass
class Server:
    """One `sightloop serve` on a free port; figures are of its whole process tree."""

    data: Path
    worker: bool = False
    port: int = field(default_factory=lambda: _free_port())
    process: subprocess.Popen[bytes] | None = None
    started_seconds: float = 0.0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is live."""
        command = [sys.executable, "-m", "sightloop", "--data", str(self.data), "serve", "--port", str(self.port)]
        began = time.monotonic()
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--worker" if self.worker else "--no-worker"],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        while not self._live():
            if self.process.poll() is not None or time.monotonic() - began > START_SECONDS:
                raise RuntimeError((self.data / "server.log").read_text()[-2000:])
            time.sleep(0.02)
        self.started_seconds = time.monotonic() - began

    def kill(self) -> None:
        """kill -9 of the server and of everything it started."""
        assert self.process is not None
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask it to finish and leave."""
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def tree(self) -> list[psutil.Process]:
        """The server and its children."""
        assert self.process is not None
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        return []

    def cpu_seconds(self) -> float:
        """User and system seconds so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self.tree())

    def memory(self) -> int:
        """Resident bytes now."""
        return sum(process.memory_info().rss for process in self.tree())

    def _live(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/livez", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def peak_memory(server: Server) -> Iterator[list[int]]:
    """Samples resident bytes every 20 ms; the list is filled when the block ends."""
    samples: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            with suppress(psutil.NoSuchProcess):
                samples.append(server.memory())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
