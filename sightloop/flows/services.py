"""What every flow is given first: the hands it may use and the values it was set up with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sightloop.core.entities import Role
from sightloop.core.ports import Blobs, Poster, Runtime, Tracker
from sightloop.store.database import Database


@dataclass(frozen=True)
class Services:
    """Everything a flow may touch; built once per process by `wiring.build`."""

    data: Path
    db: Database
    blobs: Blobs
    runtime: Runtime
    secret: bytes
    weights: Path
    backups: Path | None
    registration_open: bool
    default_role: Role
    trash_days: float
    clock: Callable[[], float]
    poster: Poster
    notices: Path | None = None
    tracker: Tracker | None = None

    def work_folder(self, job_id: str) -> Path:
        """Where a job keeps what must survive a crash of its process."""
        folder = self.data / "work" / job_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def close(self) -> None:
        """Finish accepted work and let go of everything."""
        self.runtime.close()
        self.db.close()
