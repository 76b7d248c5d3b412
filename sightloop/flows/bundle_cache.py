"""Unpacked bundles on the local disk: made once, found again by hash."""

from __future__ import annotations

import shutil
from pathlib import Path

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.core.ids import new_id
from sightloop.core.ports import Predictor
from sightloop.flows.services import Services


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
