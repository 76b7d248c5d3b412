"""What an import leaves out, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

JUNK = frozenset({"thumbs.db", "desktop.ini", "source.txt", "ehthumbs.db", "icon\r"})


@dataclass(frozen=True)
class Skipped:
    """One file that was not read: its path below the root, and why."""

    where: str
    reason: str


def junk_reason(name: str) -> str | None:
    """Why the file called `name` (path with "/") is none of the user's data, or None where it may be."""
    parts = PurePosixPath(name).parts
    if "__MACOSX" in parts:
        return "an Apple resource file."
    if any(part.startswith(".") for part in parts):
        return "a hidden file."
    return "a system file or note." if parts and parts[-1].lower() in JUNK else None
