"""Run stages one after another, each only where its files or parameters changed: what DVC does, for who has none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from sightloop.core.entities import Json
from sightloop.flows.pipeline_place import Place, read, write

FILES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "check_drift": (("exported",), ("reports/drift.json",)),
    "prepare_retrain_data": (("exported", "reports/drift.json"), ("reports/decision.json", "snapshot")),
    "retrain": (("exported", "snapshot"), ("model",)),
    "evaluate": (("exported", "snapshot", "model"), ("candidate", "reports/evaluation.json")),
    "promote": (("exported", "snapshot", "candidate"), ("reports/promotion.json",)),
}  # what each stage reads and writes, as in pipelines/dvc.yaml


class Runner:
    """Remembers in `pipeline.lock.json` what each stage read, wrote and was given; `ran` names those that had work."""

    def __init__(self, place: Place) -> None:
        self.ran: list[str] = []
        self._place = place
        self._lock = place.folder / "pipeline.lock.json"
        self._known: Json = read(self._lock) if self._lock.is_file() else {}

    def stage(self, name: str, params: Json, work: Callable[[], Json]) -> None:
        """Carry a stage out, unless it read, wrote and was given the same the last time."""
        if self._known.get(name) == self._now(name, params):
            return
        work()
        self.ran.append(name)
        self._known[name] = self._now(name, params)
        write(self._lock, self._known)

    def _now(self, name: str, params: Json) -> Json:
        reads, writes = FILES[name]
        return {"params": params, **{one: _digest(self._place.folder / one) for one in (*reads, *writes)}}


def _digest(path: Path) -> str:
    """The SHA-256 of a file, or of the names and hashes of all files below a folder."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    inside = {one.relative_to(path).as_posix(): _digest(one) for one in sorted(path.rglob("*")) if one.is_file()}
    return hashlib.sha256(json.dumps(inside, sort_keys=True).encode()).hexdigest()
