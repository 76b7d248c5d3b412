"""Look for what would keep Sightloop from working on this machine, and say what to do; nothing is changed.

It takes values instead of `Services`, because it must also answer where services cannot be built.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from sightloop.core.errors import SightloopError
from sightloop.flows import jobs as job_flow
from sightloop.store import jobs, migrations, mirror
from sightloop.store.database import Database

State = Literal["ok", "advice", "failed"]
GIB = 1 << 30
FULL, NEARLY_FULL = GIB, 5 * GIB
WEIGHTS = (".safetensors", ".pth", ".pt")
EXTRAS = {
    "train": ("torch", "timm", "lightning", "onnx"),
    "postgres": ("psycopg",),
    "s3": ("boto3",),
    "mlflow": ("mlflow",),
}


@dataclass(frozen=True)
class Setup:
    """The settings in force that a look at the machine needs."""

    data: Path
    database: str
    weights: Path
    host: str
    port: int
    secret: str | None
    remote_blobs: bool
    mlflow: str | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: advice is worth knowing, only failed keeps Sightloop from working."""

    name: str
    state: State
    message: str
    hint: str = ""


def examine(setup: Setup) -> list[Finding]:
    """Everything, in the order in which it should be mended."""
    return [
        _python(),
        _folder(setup.data),
        _disk(setup.data),
        *_database(setup),
        *_extras(setup),
        _weights(setup.weights),
        _secret(setup),
        _port(setup),
    ]


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("python", "ok", f"Python {version}.")


def _folder(data: Path) -> Finding:
    there = _existing(data)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        hint = "Give this user the right to write there, or set SIGHTLOOP_DATA."
        return Finding("data folder", "failed", f"{there} cannot be written to: {error.strerror}.", hint)
    return Finding("data folder", "ok", f"{data} is writable." if there == data else f"{data} will be made.")


def _disk(data: Path) -> Finding:
    free = shutil.disk_usage(_existing(data)).free
    text = f"{free / GIB:.1f} GiB free."
    if free < FULL:
        return Finding("disk", "failed", text, "Uploads need at least 1 GiB: free some, or move SIGHTLOOP_DATA.")
    hint = "Training and backups may need more." if free < NEARLY_FULL else ""
    return Finding("disk", "advice" if hint else "ok", text, hint)


def _database(setup: Setup) -> Iterator[Finding]:
    if setup.database.startswith("sqlite") and not Path(setup.database.removeprefix("sqlite:///")).exists():
        yield Finding("database", "ok", "SQLite, made at the first start.")
        return
    try:
        database = Database(setup.database)
        try:
            yield from _opened(database, setup)
        finally:
            database.close()
    except SightloopError as error:
        yield Finding("database", "failed", error.message, error.hint or "Check SIGHTLOOP_DATABASE_URL.")
    except ModuleNotFoundError as error:
        yield Finding("database", "failed", f"{error.name!r} is not installed.", 'Install "sightloop[postgres]".')


def _opened(database: Database, setup: Setup) -> Iterator[Finding]:
    with database.connect() as db:
        revision = migrations.revision(db)
        if revision != migrations.HEAD:
            hint = "`sightloop serve` brings it up to date; make a backup first."
            yield Finding("database", "advice", f"at migration {revision}, not {migrations.HEAD}.", hint)
            return
        alive = len(jobs.workers_alive(db, since=database.now(db) - job_flow.ALIVE))
        copied = mirror.standing(db, setup.mlflow) if setup.mlflow else None
    yield Finding("database", "ok", f"{database.dialect}, reachable, migration {revision}.")
    hint = "" if alive else "`sightloop serve` runs one; `sightloop worker` runs more."
    yield Finding("worker", "ok" if alive else "advice", f"{alive or 'no'} worker alive.", hint)
    if copied is not None:
        text = (
            f"{copied['sent']} runs and versions sent, {copied['waiting']} changes wait, {copied['refused']} refused."
        )
        hint = copied["last_error"] or ""
        yield Finding("mirror", "advice" if hint else "ok", text, hint)


def _extras(setup: Setup) -> Iterator[Finding]:
    needed = {"postgres": setup.database.startswith("postgres"), "s3": setup.remote_blobs, "mlflow": bool(setup.mlflow)}
    for extra, modules in EXTRAS.items():
        absent = [name for name in modules if find_spec(name) is None]
        if not absent:
            yield Finding(f"extra {extra}", "ok", "installed.")
        else:
            state: State = "failed" if needed.get(extra) else "advice"
            yield Finding(f"extra {extra}", state, f"{absent[0]} is missing.", f'Install "sightloop[{extra}]".')


def _weights(folder: Path) -> Finding:
    found = sorted(path.name for path in folder.glob("*") if path.suffix in WEIGHTS) if folder.is_dir() else []
    if found:
        return Finding("weights", "ok", f"{len(found)} in {folder}: {', '.join(found[:5])}.")
    hint = "Put a backbone's .safetensors there, or train with --weights none or hub."
    return Finding("weights", "advice", f"none in {folder}.", hint)


def _secret(setup: Setup) -> Finding:
    if setup.secret:
        return Finding("secret", "ok", f"given, {len(setup.secret.encode())} bytes.")
    path = setup.data / "secret.key"
    if not path.exists():
        return Finding("secret", "ok", "made at the first start.")
    if path.stat().st_mode & 0o077:
        return Finding("secret", "failed", f"{path} can be read by others.", f"chmod 600 {path}")
    if path.stat().st_size < 32:
        hint = "Delete it; a new one is made, and everybody signs in again."
        return Finding("secret", "failed", f"{path} has {path.stat().st_size} bytes.", hint)
    return Finding("secret", "ok", f"in {path}, for this user only.")


def _port(setup: Setup) -> Finding:
    with socket.socket(socket.AF_INET6 if ":" in setup.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((setup.host, setup.port))
        except OSError as error:
            return _taken(setup, reason=error.strerror or os.strerror(error.errno or 0))
    return Finding("port", "ok", f"{setup.host}:{setup.port} is free.")


def _taken(setup: Setup, *, reason: str) -> Finding:
    if _answers(setup):
        return Finding("port", "ok", f"Sightloop answers at {setup.host}:{setup.port}.")
    hint = "Stop the other program, or set SIGHTLOOP_PORT."
    return Finding("port", "failed", f"{setup.host}:{setup.port}: {reason}.", hint)


def _answers(setup: Setup) -> bool:
    connection = http.client.HTTPConnection(setup.host, setup.port, timeout=2)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _existing(path: Path) -> Path:
    """`path`, or the nearest thing above it that is there."""
    return next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
