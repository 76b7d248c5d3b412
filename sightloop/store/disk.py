"""Blobs in a folder: `blobs/ab/<sha256>`, read-only, and `derived/<kind>/ab/<sha256>`.

A blob is there completely or not at all, also after a power cut: the temp file is synced and renamed, then its new
folder is synced.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sightloop.core.errors import Missing, Rejected, StorageFull, Unavailable
from sightloop.core.ids import new_id
from sightloop.core.ports import BlobStat

SHA256: Final = re.compile(r"[0-9a-f]{64}")
KIND: Final = re.compile(r"[a-z0-9_-]{1,40}")
FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
READ_ONLY: Final = 0o444


class DiskBlobs:
    """Blobs under the data folder `folder`; safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = folder / "blobs"
        self.derived = folder / "derived"
        self._incoming = folder / "incoming"
        for place in (self.blobs, self.derived, self._incoming):
            place.mkdir(parents=True, exist_ok=True)

    @property
    def incoming(self) -> Path:
        return self._incoming

    def put(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.has(sha256):
            temp = write(self.incoming, data)
            self.adopt(temp, sha256)
        return sha256

    def adopt(self, path: Path, sha256: str) -> None:
        target = self._blob(sha256)
        with _full_is_said(path):
            _make_folder(target.parent)
            if target.exists():
                path.unlink()
            else:
                self._move(path, target)
            sync(target.parent)

    def get(self, sha256: str) -> bytes:
        try:
            return self._blob(sha256).read_bytes()
        except FileNotFoundError as error:
            raise _no_blob(sha256) from error

    def path(self, sha256: str) -> Path:
        if not self.has(sha256):
            raise _no_blob(sha256)
        return self._blob(sha256)

    def has(self, sha256: str) -> bool:
        return self._blob(sha256).is_file()

    def delete(self, sha256: str) -> None:
        self._blob(sha256).unlink(missing_ok=True)
        for kind in self.derived.iterdir():
            self._derived(kind.name, sha256).unlink(missing_ok=True)

    def walk(self) -> Iterator[BlobStat]:
        for folder in sorted(self.blobs.iterdir()):
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                if SHA256.fullmatch(entry.name):
                    stat = entry.stat()
                    yield BlobStat(entry.name, stat.st_size, stat.st_mtime)

    def keep(self, kind: str, sha256: str, data: bytes) -> None:
        target = self._derived(kind, sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        temp = write(self.incoming, data, durable=False)
        temp.rename(target)

    def kept(self, kind: str, sha256: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return self._derived(kind, sha256).read_bytes()
        return None

    def check(self) -> None:
        try:
            write(self.incoming, b"check").unlink()
        except OSError as error:
            raise Unavailable(f"the store cannot be written to: {error.strerror}.") from error

    def _move(self, path: Path, target: Path) -> None:
        sync(path)
        path.chmod(READ_ONLY)
        try:
            path.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            temp = self.incoming / new_id()
            with _full_is_said(temp):
                shutil.copyfile(path, temp)
                self._move(temp, target)
            path.unlink()

    def _blob(self, sha256: str) -> Path:
        return self.blobs / checked(sha256)[:2] / sha256

    def _derived(self, kind: str, sha256: str) -> Path:
        return self.derived / checked_kind(kind) / checked(sha256)[:2] / sha256


def checked(sha256: str) -> str:
    """The hash itself; raises Missing for anything else, which could be a path."""
    if not SHA256.fullmatch(sha256):
        raise Missing(f"{sha256!r} is not a SHA-256.")
    return sha256


def checked_kind(kind: str) -> str:
    """The kind itself; raises Rejected unless it is a short word."""
    if not KIND.fullmatch(kind):
        raise Rejected(f"{kind!r} is not a kind of derived file.", hint="Use a word in lower case, such as thumb.")
    return kind


def write(folder: Path, data: bytes, *, durable: bool = True) -> Path:
    """Write a new temp file in `folder`; raises StorageFull, leaving nothing."""
    path = folder / new_id()
    with _full_is_said(path), path.open("xb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    return path


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


@contextmanager
def _full_is_said(temp: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        temp.unlink(missing_ok=True)
        raise StorageFull("the disk is full.", hint="Free some space; nothing was half-stored.") from error


def _no_blob(sha256: str) -> Missing:
    return Missing(f"no blob {sha256}.", hint="Run sightloop check.")
