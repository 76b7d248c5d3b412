"""Where pictures come from: a folder or a ZIP, as a list of names and one way to read them; nothing is ever written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sightloop.core.errors import Missing, Rejected
from sightloop.flows import archives
from sightloop.flows.skipping import Skipped

PICTURES = frozenset({".jpg", ".jpeg", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"})
TABLES = frozenset({".csv", ".jsonl"})
MAX_FILE_BYTES = 64 << 20


@dataclass(frozen=True)
class Source:
    """The files below one root, by their path with "/", in order; `read` raises Rejected with its reason."""

    names: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    read: Callable[[str], bytes]


@contextmanager
def opened(path: Path, *, limits: archives.Limits = archives.DEFAULT) -> Iterator[Source]:
    """The files of the folder or ZIP at `path`.

    Raises:
        Missing: nothing is there.
        BadArchive: a ZIP that is damaged or would be dangerous to read.
        Rejected: neither a folder nor a ZIP.
    """
    if path.is_dir():
        names, skipped = _walk(path)
        yield Source(names=names, skipped=skipped, read=lambda name: read_file(path / name))
    elif path.suffix.lower() == ".zip" and path.is_file():
        with archives.opened(path, limits=limits) as archive:
            yield Source(names=archive.names, skipped=archive.skipped, read=archive.read)
    elif path.exists():
        raise Rejected(f"cannot import {path.name!r}.", hint="Give a folder, a .zip, a .csv or a .jsonl file.")
    else:
        raise Missing(f"no file or folder {path.name!r}.")


def is_picture(name: str) -> bool:
    """Whether the ending of `name` is one of the documented picture formats."""
    return PurePosixPath(name).suffix.lower() in PICTURES


def read_file(path: Path) -> bytes:
    """The bytes of a local file; raises Rejected with the reason where it cannot be read or is too large."""
    try:
        if not path.is_file():
            raise Rejected("the file is missing." if not path.exists() else "not a regular file.")
        if (size := path.stat().st_size) > MAX_FILE_BYTES:
            raise Rejected(f"larger than {MAX_FILE_BYTES >> 20} MiB ({size} bytes).")
        return path.read_bytes()
    except OSError as error:
        raise Rejected(f"cannot be read: {error.strerror}.") from error


def _walk(root: Path) -> tuple[tuple[str, ...], tuple[Skipped, ...]]:
    names: list[str] = []
    skipped: list[Skipped] = []
    for folder, folders, files in os.walk(root, onerror=lambda error: skipped.append(_unreadable(root, error))):
        here = Path(folder)
        links = {name for name in folders if (here / name).is_symlink()}
        skipped.extend(
            Skipped((here / name).relative_to(root).as_posix(), "a linked folder is not followed.") for name in links
        )
        folders[:] = sorted(set(folders) - links)
        names.extend((here / name).relative_to(root).as_posix() for name in sorted(files))
    return tuple(names), tuple(skipped)


def _unreadable(root: Path, error: OSError) -> Skipped:
    where = Path(error.filename)
    return Skipped(
        where.relative_to(root).as_posix() if where.is_relative_to(root) else where.name,
        f"cannot be read: {error.strerror}.",
    )
