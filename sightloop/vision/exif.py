"""The three facts this product wants from EXIF, read from a stranger's bytes without trusting any of them."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

ORIENTATION, WIDTH, HEIGHT = 0x0112, 0x0100, 0x0101
_EXIF_FOLDER, _TAKEN, _DIGITIZED, _OFFSET = 0x8769, 0x9003, 0x9004, 0x9011
_INTEGERS = {3: ("H", 2), 4: ("I", 4)}  # TIFF field types SHORT and LONG
_TEXT = 2
_MAX_ENTRIES = 1000
_MAX_TEXT = 64
_DATE = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)")

Tags = dict[int, int | str]


@dataclass(frozen=True)
class Exif:
    """`orientation` is 1..8 (1 = upright); `captured_at` in seconds since 1970."""

    orientation: int = 1
    captured_at: float | None = None


def read(block: bytes) -> Exif:
    """Read an EXIF block (with or without its "Exif" prefix); whatever is damaged counts as absent.

    A capture time without a time zone is taken as UTC: only differences between pictures are used.
    """
    block = block.removeprefix(b"Exif\0\0")
    first = tags(block)
    turn = first.get(ORIENTATION)
    folder = first.get(_EXIF_FOLDER)
    inner = tags(block, at=folder) if isinstance(folder, int) else {}
    taken = inner.get(_TAKEN) or inner.get(_DIGITIZED)
    return Exif(
        orientation=turn if isinstance(turn, int) and 1 <= turn <= 8 else 1,
        captured_at=_seconds(str(taken), zone=str(inner.get(_OFFSET, ""))) if taken else None,
    )


def tags(block: bytes, *, at: int | None = None) -> Tags:
    """The integer and short text fields of one TIFF folder, by default the first; {} where there is none.

    Args:
        block: a classic TIFF structure.
        at: the folder's offset from the start of `block`, in bytes.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return {}
    found: Tags = {}
    try:
        start = struct.unpack_from(order + "I", block, 4)[0] if at is None else at
        count = struct.unpack_from(order + "H", block, start)[0]
        for entry in range(start + 2, start + 2 + 12 * min(count, _MAX_ENTRIES), 12):
            tag, value = _field(block, entry, order=order)
            if value is not None:
                found.setdefault(tag, value)
    except struct.error:
        return found
    return found


def orientation_only(orientation: int) -> bytes:
    """A TIFF structure of 26 bytes that says nothing but `orientation`."""
    return struct.pack("<4sIHHHIHHI", b"II*\0", 8, 1, ORIENTATION, 3, 1, orientation, 0, 0)


def _field(block: bytes, entry: int, *, order: str) -> tuple[int, int | str | None]:
    tag, kind, count = struct.unpack_from(order + "HHI", block, entry)
    if kind in _INTEGERS and count == 1:
        return tag, struct.unpack_from(order + _INTEGERS[kind][0], block, entry + 8)[0]
    if kind == _TEXT and count <= _MAX_TEXT:
        start = entry + 8 if count <= 4 else struct.unpack_from(order + "I", block, entry + 8)[0]
        return tag, block[start : start + count].split(b"\0")[0].decode("ascii", "replace")
    return tag, None


def _seconds(text: str, *, zone: str) -> float | None:
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        taken = datetime(*map(int, match.groups()), tzinfo=_timezone(zone))  # type: ignore[arg-type, misc]
        return taken.timestamp()
    except (ValueError, OverflowError):
        return None


def _timezone(text: str) -> timezone:
    match = _ZONE.match(text)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return UTC
    span = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-span if match[1] == "-" else span)
