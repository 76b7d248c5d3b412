"""Names from strangers made safe for a file system: data stays data, a path is ours."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath

UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\<>:"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]')
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
MAX_TITLE = 255
FOLDER_BYTES = 80
FILE_BYTES = 120


def clean(text: str) -> str:
    """`text` as one normal form (NFC) without surrounding white space, so that equal names compare equal."""
    return unicodedata.normalize("NFC", text).strip()


def file_title(name: str) -> str:
    """A picture's own name: no folders, nothing unprintable, at most 255 characters; it is data and never a path."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(letter for letter in last if letter.isprintable())[:MAX_TITLE] or "picture"


@lru_cache(maxsize=4096)
def folder_name(text: str) -> str:
    """A folder's name for the class or project called `text`; different words never share a folder."""
    safe = _safe(text, limit=FOLDER_BYTES)
    return safe if safe == text else f"{safe}~{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:6]}"


def file_name(text: str, *, suffix: str | None = None) -> str:
    """A file's name for the picture called `text`, at most 120 bytes; `suffix` (with its dot) replaces its own."""
    stem, dot, own = text.replace("\\", "/").rpartition("/")[2].rpartition(".")
    if not dot:
        stem, own = own, ""
    ending = suffix if suffix is not None else f".{_safe(own, limit=11)}" if own else ""
    return _safe(stem, limit=FILE_BYTES - len(ending.encode())) + ending


def _safe(text: str, *, limit: int) -> str:
    safe = UNSAFE.sub("_", clean(text.encode(errors="replace").decode()))
    safe = safe.encode()[:limit].decode(errors="ignore").rstrip(". ")
    if safe.startswith("."):
        safe = "_" + safe[1:]
    return f"_{safe}" if not safe or RESERVED.fullmatch(safe) else safe
