"""A throw-away PostgreSQL server on a private socket, as an unprivileged user where the tests run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "listen_addresses": ""}
SETTINGS |= {"shared_buffers": "64MB", "max_connections": "100", "autovacuum": "on", "log_min_messages": "fatal"}


@dataclass(frozen=True)
class Server:
    """A running server that listens on a socket in `folder`."""

    folder: Path

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def create(self, name: str, *, template: str = "template0") -> None:
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(words.format(sql.Identifier(name), sql.Identifier(template)))

    def drop(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, words: sql.Composed) -> None:
        with psycopg.connect(f"postgresql://postgres@/postgres?host={self.folder}", autocommit=True) as db:
            db.execute(words)


@contextmanager
def start() -> Iterator[Server | None]:
    """Run a server for the length of the block; None where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="sightloop-pg-"))
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        _run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        listen = f"-c unix_socket_directories='{folder}' {options}"
        _run(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", listen, "-w", "start")
        try:
            yield Server(folder)
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """The folder of initdb and pg_ctl, the newest version first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: -float(path.parts[-3]))
    if not found and (there := shutil.which("initdb")):
        found = [Path(there)]
    if not found or (os.geteuid() == 0 and _unprivileged() is None):
        return None
    return found[0].parent


def _unprivileged() -> list[str] | None:
    """How root becomes the user postgres here: the words to put before a command."""
    with suppress(KeyError):
        pwd.getpwnam("postgres")
        if shutil.which("setpriv"):
            return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if shutil.which("runuser"):
            return ["runuser", "-u", "postgres", "--"]
    return None


def _run(*words: str | Path) -> None:
    before = (_unprivileged() or []) if os.geteuid() == 0 else []
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run([*before, *map(str, words)], check=True, cwd="/", **quiet)  # type: ignore[call-overload]
