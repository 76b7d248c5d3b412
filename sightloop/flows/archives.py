"""Read a stranger's ZIP safely: nothing is unpacked to disk, every limit is checked before the bytes are."""

from __future__ import annotations

import lzma
import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sightloop.core.errors import BadArchive
from sightloop.flows.naming import clean
from sightloop.flows.skipping import Skipped

# What zipfile and its decompressors raise on damaged or unsupported archives; RuntimeError covers encryption and
# NotImplementedError (unknown compression), ValueError covers UnicodeDecodeError.
FAILURES = (
    zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, zlib.error, lzma.LZMAError,
    EOFError, OSError, ValueError, struct.error, KeyError, IndexError, OverflowError,
)  # fmt: skip
LOCAL_HEADER_BYTES = 30
CHUNK = 1 << 20
ENCRYPTED = 0x1 | 0x40
TAIL_BYTES = 22 + 65_535
SMALL_BYTES = 1 << 20  # a mask without anything in it may be packed as tightly as it can
DIRECTORY_BYTES_PER_ENTRY = 300
UNPACK_HINT = "Unpack it yourself and import the folder."


@dataclass(frozen=True)
class Limits:
    """How much one archive may hold; sizes in bytes after unpacking, `ratio` unpacked to packed."""

    entries: int = 20_000
    total: int = 1 << 30
    member: int = 64 << 20
    ratio: float = 100.0


DEFAULT = Limits()


class Archive:
    """An open, checked ZIP: `names` may be read (also from several threads), `skipped` may not, with reasons."""

    def __init__(self, file: zipfile.ZipFile, *, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._left = limits.total
        self._lock = threading.Lock()
        self._members: dict[str, zipfile.ZipInfo] = {}
        skipped: list[Skipped] = []
        for info in file.infolist():
            name = _name(info)
            folder = info.filename.endswith("/")  # is_dir() trips over an empty name
            reason = None if folder else self._refusal(info, name=name)
            if reason:
                skipped.append(Skipped(name, reason))
            elif not folder:
                self._members[name] = info
        self.names = tuple(sorted(self._members))
        self.skipped = tuple(skipped)

    def read(self, name: str) -> bytes:
        """The unpacked bytes of one member; raises BadArchive with the reason, and others can still be read."""
        info = self._members[name]
        parts: list[bytes] = []
        size = 0
        try:
            with self._file.open(info) as member:
                while chunk := member.read(CHUNK):
                    size += len(chunk)
                    self._count(len(chunk), within=size <= info.file_size)
                    parts.append(chunk)
        except FAILURES as error:
            raise BadArchive(f"damaged in the archive: {_sentence(error)}.") from error
        if size != info.file_size:
            raise BadArchive(f"damaged in the archive: {size} bytes instead of {info.file_size}.")
        return b"".join(parts)

    def _count(self, size: int, *, within: bool) -> None:
        with self._lock:
            self._left -= size
            if self._left < 0 or not within:
                raise BadArchive("the archive unpacks to more than it declares.", hint=UNPACK_HINT)

    def _refusal(self, info: zipfile.ZipInfo, *, name: str) -> str | None:
        parts = PurePosixPath(name).parts
        kind = stat.S_IFMT(info.external_attr >> 16)
        if not parts or ".." in parts or name.startswith("/") or ":" in parts[0] or "\0" in name:
            return "its name leads out of the archive."
        if kind not in (0, stat.S_IFREG):
            return "a link or device, not a file."
        if info.flag_bits & ENCRYPTED:
            return "encrypted."
        if info.file_size > self._limits.member:
            return f"larger than {self._limits.member >> 20} MiB ({info.file_size} bytes)."
        if info.file_size > max(SMALL_BYTES, self._limits.ratio * info.compress_size):
            return f"packed more than {self._limits.ratio:.0f} to 1, as only bombs are."
        return "the same name appears twice." if name in self._members else None


@contextmanager
def opened(path: Path, *, limits: Limits = DEFAULT) -> Iterator[Archive]:
    """Open and check the ZIP at `path`; raises BadArchive where the whole of it cannot be trusted."""
    try:
        _check_directory(path, limits=limits)
        file = zipfile.ZipFile(path)
    except FAILURES as error:
        raise BadArchive(f"{path.name!r} is not a readable ZIP: {_sentence(error)}.") from error
    with file:
        _check(file, path=path, limits=limits)
        archive = Archive(file, limits=limits)
        yield archive


def _check_directory(path: Path, *, limits: Limits) -> None:
    """Refuse a list of members that would be too long before zipfile reads it all into memory."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(-min(size, TAIL_BYTES + 76), 2)
        tail = file.read()
    at = len(tail) - 22 if tail[-22:-18] == b"PK\5\6" and tail[-2:] == b"\0\0" else tail.rfind(b"PK\5\6")
    if at < 0 or at + 22 > len(tail):
        raise zipfile.BadZipFile("File is not a zip file")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at >= 76 and tail[at - 20 : at - 16] == b"PK\6\7":
        length = max(length if length != 0xFFFFFFFF else 0, int.from_bytes(tail[at - 36 : at - 28], "little"))
    if length > limits.entries * DIRECTORY_BYTES_PER_ENTRY:
        raise BadArchive(f"{path.name!r} lists far more than {limits.entries} entries.", hint=UNPACK_HINT)


def _check(file: zipfile.ZipFile, *, path: Path, limits: Limits) -> None:
    infos = file.infolist()
    total = sum(info.file_size for info in infos)
    if len(infos) > limits.entries:
        raise BadArchive(f"{path.name!r} has {len(infos)} entries, more than {limits.entries}.", hint=UNPACK_HINT)
    if total > limits.total:
        raise BadArchive(f"{path.name!r} unpacks to {total} bytes, more than {limits.total}.", hint=UNPACK_HINT)
    if total > limits.ratio * max(path.stat().st_size, 1):
        raise BadArchive(f"{path.name!r} unpacks to {total} bytes, more than {limits.ratio:.0f} times its size.")
    _check_overlaps(file, path=path)


def _check_overlaps(file: zipfile.ZipFile, *, path: Path) -> None:
    """Raise BadArchive where two members share bytes (CVE-2024-0450), which Python 3.11.7 accepts."""
    infos = sorted(file.infolist(), key=lambda info: info.header_offset)
    ends = [info.header_offset for info in infos[1:]] + [file.start_dir]
    for info, end in zip(infos, ends, strict=True):
        if info.header_offset + LOCAL_HEADER_BYTES + len(info.orig_filename) + info.compress_size > end:
            raise BadArchive(f"{path.name!r} has overlapping entries at {info.filename[:80]!r}, as only bombs have.")


def _name(info: zipfile.ZipInfo) -> str:
    """The member's path with "/" whoever packed it, without a leading "./"."""
    return clean(info.orig_filename.replace("\\", "/")).removeprefix("./")


def _sentence(error: BaseException) -> str:
    return (str(error) or type(error).__name__).rstrip(".")[:200]
