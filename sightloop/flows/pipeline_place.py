"""Where a pipeline keeps its files: what was exported, the snapshot, the model and the reports, each written whole."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected


@dataclass(frozen=True)
class Place:
    """A pipeline's folder; `rows` and `blobs` are the export, all the others follow from it."""

    folder: Path

    @property
    def rows(self) -> Path:
        """The exported rows, a file for each table, and `blobs.txt`, what they are about."""
        return self.folder / "exported" / "rows"

    @property
    def blobs(self) -> Path:
        """The exported files under their SHA-256."""
        return self.folder / "exported" / "blobs"

    @property
    def snapshot(self) -> Path:
        """What the candidate learns from: `manifest.jsonl` and `about.json`, or only `skipped.json`."""
        return self.folder / "snapshot"

    @property
    def model(self) -> Path:
        """What was trained: `model.bundle` and `about.json`, or only `skipped.json`."""
        return self.folder / "model"

    @property
    def candidate(self) -> Path:
        """The same, judged: figures and what it answered beside it, its card and plots inside."""
        return self.folder / "candidate"

    def report(self, name: str) -> Path:
        """The report of a stage: drift, decision, evaluation or promotion."""
        return self.folder / "reports" / f"{name}.json"

    def said(self, name: str) -> Json:
        """What a stage reported; raises Rejected where it has not run."""
        return read(self.report(name))

    def blob(self, sha256: str) -> Path:
        """Where an exported file lies."""
        return self.blobs / sha256[:2] / sha256


def read(path: Path) -> Json:
    """A JSON object; raises Rejected where it is not there or cannot be read."""
    try:
        found: Json = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Rejected(f"{path} cannot be read.", hint="Run the stages before this one: dvc repro.") from error
    return found


def write(path: Path, value: Json) -> Json:
    """Write an object, the same one as the same bytes, whole or not at all; returns it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)
    return value
