"""Checkpoints that survive a power cut: temp, fsync, rename; the hash inside; two kept; no code in them is ever run."""

from __future__ import annotations

import hashlib
import io
import logging
from pathlib import Path
from typing import Any, cast

import torch

from sightloop.bundles.format import replace_file

log = logging.getLogger(__name__)

MAGIC = b"sightloop checkpoint 1\n"
KEPT = 2


def save(folder: Path, epoch: int, state: dict[str, Any]) -> None:
    """Write the state after `epoch` epochs (tensors, numbers, texts, lists and dicts only); keep the newest two."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getvalue()
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / f"checkpoint-{epoch:06d}.pt", MAGIC + hashlib.sha256(payload).digest() + payload)
    for old in _newest_first(folder)[KEPT:]:
        old.unlink()


def latest(folder: Path, *, key: str) -> dict[str, Any] | None:
    """The newest undamaged state whose `key` is this one, or None: then training starts over."""
    for path in _newest_first(folder):
        state = _read(path)
        if state is not None and state.get("key") == key:
            return state
    return None


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*.pt"), reverse=True)


def _read(path: Path) -> dict[str, Any] | None:
    data = path.read_bytes()
    start = len(MAGIC) + 32
    if not data.startswith(MAGIC) or hashlib.sha256(data[start:]).digest() != data[len(MAGIC) : start]:
        log.warning("checkpoint %s is damaged and ignored", path.name)
        return None
    return cast("dict[str, Any]", torch.load(io.BytesIO(data[start:]), map_location="cpu", weights_only=True))
