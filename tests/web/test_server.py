"""The server as a process: it refuses a known secret, and finishes what it accepted before it leaves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest


def environment(folder: Path, **values: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SIGHTLOOP_")}
    return {**plain, "SIGHTLOOP_DATA": str(folder / "data"), **values}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    settings = environment(folder, SIGHTLOOP_PORT=str(port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "sightloop.web"], env=settings, stderr=log)
    try:
        while process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/livez", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("secret", ["changeme", "your-secret-key", "short"])
def test_the_server_refuses_to_start_on_a_secret_that_can_be_guessed(tmp_path: Path, secret: str) -> None:
    command = [sys.executable, "-m", "sightloop.web"]
    ended = subprocess.run(
        command, env=environment(tmp_path, SIGHTLOOP_SECRET_KEY=secret), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "SIGHTLOOP_SECRET_KEY" in ended.stderr


def test_a_server_that_is_asked_to_stop_says_so_and_finishes_what_it_accepted(tmp_path: Path) -> None:
    with served(tmp_path) as (process, url), httpx.Client(base_url=url, timeout=30) as client:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as line:
            body = b'{"email": "ana@example.org", "name": "Ana", "password": "correct horse"}'
            lines = f"Host: here\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            line.sendall(f"POST /api/v1/auth/register HTTP/1.1\r\n{lines}".encode() + body[:10])
            assert client.get("/readyz").status_code == 200
            process.send_signal(signal.SIGTERM)
            while client.get("/readyz").status_code == 200:
                time.sleep(0.01)
            assert client.get("/livez").status_code == 200
            line.sendall(body[10:])
            assert line.recv(4096).startswith(b"HTTP/1.1 201")
        assert process.wait(60) == 0


def test_a_port_that_is_taken_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "sightloop.web"]
        settings = environment(tmp_path, SIGHTLOOP_PORT=port)
        ended = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_ctrl_c_ends_the_server_without_a_traceback(tmp_path: Path) -> None:
    with served(tmp_path) as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
