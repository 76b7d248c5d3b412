"""What a stage of a pipeline writes where the one before it made nothing: why, at no cost."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from sightloop.core.entities import Json
from sightloop.flows.pipeline_place import Place, read, write

FILE = "skipped.json"
STAGES: Mapping[str, tuple[str, str, str]] = {
    "retrain": ("snapshot", "model", ""),
    "evaluate": ("model", "candidate", "evaluation"),
    "promote": ("candidate", "", "promotion"),
}  # the folder that each needs, the one that it makes and the report that it writes, "" for none


def passed_over(place: Place, stage: str) -> Json | None:
    """Write why `stage` has nothing to do, {skipped, reason}; None, and nothing written, where it has."""
    needs, makes, reports = STAGES.get(stage, ("", "", ""))
    given = place.folder / needs / FILE
    if not needs or not given.is_file():
        return None
    reason = read(given)["reason"]
    if makes:
        skip(place.folder / makes, reason)
    told: Json = {"skipped": True, "reason": reason}
    return write(place.report(reports), told) if reports else told


def skip(folder: Path, reason: str) -> Json:
    """Leave nothing but the reason in the folder that a stage makes."""
    return write(emptied(folder) / FILE, {"skipped": True, "reason": reason})


def emptied(folder: Path) -> Path:
    """The folder, with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
