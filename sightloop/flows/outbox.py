"""Files that wait for the experiment server: drawn when a run ends, dropped when they are sent."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from sightloop.flows.services import Services


def put(services: Services, run_id: str, files: Mapping[str, bytes]) -> None:
    """Let `files` wait under their names, such as "plots/roc.svg"; a name that waits already is replaced."""
    for name, data in files.items():
        path = _folder(services, run_id) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def waiting(services: Services, run_id: str) -> dict[str, Path]:
    """The files of a run that wait on this machine, by name."""
    folder = _folder(services, run_id)
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def drop(services: Services, run_id: str) -> None:
    """Forget the files of a run; none is fine."""
    shutil.rmtree(_folder(services, run_id), ignore_errors=True)


def _folder(services: Services, run_id: str) -> Path:
    return services.data / "outbox" / run_id
