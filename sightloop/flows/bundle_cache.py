"""Unpacked bundles on the local disk: made once, found again by hash, and which of them is live."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.core.ids import new_id
from sightloop.core.ports import Blobs, Predictor
from sightloop.flows.services import Services
from sightloop.store import projects, versions
from sightloop.store.database import Database


def unpacked(services: Services, bundle: str) -> Path:
    """The folder of the bundle whose packed file has this SHA-256. Raises Missing, BadBundle."""
    return unpack_into(services.data / "cache" / "bundles", services.blobs.path(bundle), name=bundle)


def predictor(services: Services, bundle: str) -> Predictor:
    """The bundle with this SHA-256, loaded. Raises Missing, BadBundle."""
    return bundles.load(unpacked(services, bundle))


def unpack_into(cache: Path, packed: Path, *, name: str) -> Path:
    """Unpack beside and rename, so that a crash never leaves half a bundle under its name."""
    folder = cache / name
    if folder.is_dir():
        return folder
    draft = cache / f"{name}.{new_id()}"
    bundle_format.unpack(packed, draft)
    try:
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft)
        if not folder.is_dir():
            raise
    return folder


class Registry:
    """The runtime's view of the rows: which version is live, and its unpacked bundle."""

    def __init__(self, db: Database, blobs: Blobs, cache: Path) -> None:
        self.db, self.blobs, self.cache = db, blobs, cache

    def live(self) -> Mapping[str, str]:
        """Project id → id of its live version."""
        with self.db.connect() as db:
            return {project: version for project, version in projects.live_versions(db).items() if version}

    def number(self, version_id: str) -> int:
        """The version's number within its project."""
        with self.db.connect() as db:
            return versions.by_id(db, version_id).number

    def folder(self, version_id: str) -> Path:
        """The unpacked bundle of a version. Raises Missing, BadBundle."""
        with self.db.connect() as db:
            bundle = versions.by_id(db, version_id).bundle
        return unpack_into(self.cache, self.blobs.path(bundle), name=bundle)
