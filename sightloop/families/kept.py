"""Arrays that the trials of a search compute once, kept on disk and read back."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightloop.bundles.format import replace_file
from sightloop.families.locking import alone

Arrays = list[NDArray[np.float32]]


def kept(path: Path, compute: Callable[[], Arrays]) -> Arrays:
    """What `compute` gives, from the file `path` where it was computed before; one process at a time computes it."""
    with alone(path.with_suffix(".lock")):
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                return [stored[name] for name in stored.files]
        found = compute()
        written = io.BytesIO()
        np.savez(written, *found)
        replace_file(path, written.getvalue())
        return found
