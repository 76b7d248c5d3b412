"""What the frozen part makes of every view of every picture, computed once, kept on disk and read back by mapping.

Building may be interrupted at any moment: a side file says how many rows are safely on disk, and building
goes on there. One process at a time builds a cache; others that want it wait, and read it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightloop.bundles.format import file_sha256, replace_file
from sightloop.core.entities import Progress
from sightloop.core.ports import Report
from sightloop.families.data import Pictures, pool
from sightloop.families.locking import alone

SAFE_SHARE = 0.8  # of the free disk that a cache may take
SYNC_SECONDS = 5.0
FLOAT16_MOST = 65504.0


@dataclass(frozen=True)
class Front:
    """The frozen part, ready to compute: `precision` is "bf16" or "fp32"."""

    module: nn.Module
    precision: str
    channels_last: bool

    def __call__(self, images: Tensor) -> Tensor:
        """Features (n, ...) of images (n, 3, s, s), bfloat16 or float32."""
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=self.precision == "bf16"):
            found: Tensor = self.module(images)
        return found


class Features:
    """A finished cache, read like pictures: epoch v meets copy (v + i) % views of picture i; view 0 is unchanged."""

    def __init__(self, path: Path, shape: tuple[int, ...], *, views: int, precision: str) -> None:
        self.views = views
        self.precision = precision
        self._rows: NDArray[np.uint16] = np.zeros(shape, np.uint16)  # (pictures * views, ...)
        if shape[0]:  # nothing cannot be mapped
            self._rows = np.memmap(path, np.uint16, "r", shape=shape)

    def __len__(self) -> int:
        return len(self._rows) // self.views

    def batch(self, indices: Sequence[int], *, view: int) -> Tensor:
        """Rows as (n, ...); four-dimensional ones come back as (n, channels, height, width) with channels innermost."""
        turn = 0 if view == 0 else 1
        wanted = [index * self.views + turn * ((view + index) % self.views) for index in indices]
        stored = torch.from_numpy(self._rows[wanted])
        rows = stored.view(torch.bfloat16) if self.precision == "bf16" else stored.view(torch.float16).float()
        return rows.permute(0, 3, 1, 2) if rows.ndim == 4 else rows


def build(
    front: Front, pictures: Pictures, *, views: int, folder: Path, key: str, batch: int, report: Report
) -> Features:
    """Compute the features of all pictures, or go on where an interrupted build stopped.

    Args:
        views: view 0 is the picture itself, the others are augmented copies.
        key: what else the features depend on (weights, cut); pictures, views and augmentation are added here.
        batch: pictures per forward pass.
        report: raises Cancelled when a person asked to stop.

        folder: where the cache is; `has_room` tells beforehand whether it fits.
    """
    shape = _row_shape(front, pictures.spec.size)
    rows = len(pictures) * views
    name = content_key(pictures, key=f"{key} {views} {front.precision} {front.channels_last} {shape}")
    path, mark = folder / f"features-{name}.bin", folder / f"features-{name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    with alone(path.with_suffix(".lock")):
        done = _rows_done(mark, path, shape)
        if done < rows:
            _fill(front, pictures, path, mark, shape=shape, views=views, done=done, batch=batch, report=report)
    return Features(path, (rows, *shape), views=views, precision=front.precision)


def has_room(front: Front, rows: int, *, folder: Path, size: int) -> bool:
    """Whether the disk under `folder` can take the features of that many views."""
    folder.mkdir(parents=True, exist_ok=True)
    return rows * row_bytes(front, size) <= SAFE_SHARE * shutil.disk_usage(folder).free


def row_bytes(front: Front, size: int) -> int:
    """Bytes that one view takes in the cache, for a model input of `size` pixels."""
    return 2 * int(np.prod(_row_shape(front, size)))


def content_key(pictures: Pictures, *, key: str) -> str:
    """16 hex characters that change with any picture's bytes, the input's format, the augmentation or `key`."""
    digest = hashlib.sha256(key.encode())
    digest.update(json.dumps(asdict(pictures.spec)).encode())
    digest.update(f"{pictures.changes} {pictures.seed}".encode())
    for found in pool().map(lambda example: file_sha256(Path(example.path)), pictures.examples):
        digest.update(found.encode())
    return digest.hexdigest()[:16]


def _row_shape(front: Front, size: int) -> tuple[int, ...]:
    return tuple(_stored(front(torch.zeros(1, 3, size, size)), front.precision).shape[1:])


def _stored(features: Tensor, precision: str) -> NDArray[np.uint16]:
    """The bits that go to disk, channels innermost; float16 is clamped to its range."""
    rows = features.permute(0, 2, 3, 1) if features.ndim == 4 else features
    rows = rows.bfloat16() if precision == "bf16" else rows.clamp(-FLOAT16_MOST, FLOAT16_MOST).half()
    return np.asarray(rows.contiguous().view(torch.uint16).numpy())


def _rows_done(mark: Path, path: Path, shape: tuple[int, ...]) -> int:
    try:
        done = int(json.loads(mark.read_text())["rows"])
    except (OSError, ValueError, KeyError):
        return 0
    whole = path.exists() and path.stat().st_size >= done * 2 * int(np.prod(shape))
    return done if whole else 0


def _fill(
    front: Front,
    pictures: Pictures,
    path: Path,
    mark: Path,
    *,
    shape: tuple[int, ...],
    views: int,
    done: int,
    batch: int,
    report: Report,
) -> None:
    rows, width = len(pictures) * views, 2 * int(np.prod(shape))

    def load(start: int) -> Tensor:
        wanted = range(start, min(start + batch, rows))
        arrays = list(pool().map(lambda row: pictures.array(row // views, view=row % views), wanted))
        return torch.from_numpy(np.stack(arrays))

    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(done * width)
        file.seek(done * width)
        synced = time.monotonic()
        for start, images in _ahead(load, range(done, rows, batch)):
            file.write(_stored(front(images), front.precision).tobytes())
            done = start + len(images)
            if time.monotonic() - synced > SYNC_SECONDS or done == rows:
                file.flush()
                os.fsync(file.fileno())
                replace_file(mark, json.dumps({"rows": done}).encode())
                synced = time.monotonic()
            report(Progress(done, rows, f"frozen part: {done} of {rows} views"))


def _ahead(load: Callable[[int], Tensor], starts: range) -> Any:
    """(start, load(start)) for each start, loading the next while the caller works on this one."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(load, starts[0])
        for number, start in enumerate(starts):
            images = following.result()
            if number + 1 < len(starts):
                following = reader.submit(load, starts[number + 1])
            yield start, images
