"""Recognise how a folder or ZIP of pictures is laid out, by looking at its paths only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from sightloop.core.entities import Side
from sightloop.core.errors import Rejected
from sightloop.flows import sources, tables
from sightloop.flows.naming import clean
from sightloop.flows.skipping import Skipped, junk_reason
from sightloop.flows.sources import Source, is_picture

Kind = Literal["classes", "splits", "table", "flat"]

SPLITS: dict[str, Side] = {
    "train": "train",
    "val": "calibration",
    "valid": "calibration",
    "validation": "calibration",
    "calibration": "calibration",
    "test": "test",
}
UNLABELLED = frozenset({"unlabelled", "unlabeled", "unknown", "images", "pictures", "photos", "uploads"})
MAX_CLASS_NAME = 100


@dataclass(frozen=True)
class Item:
    """One picture to import; `where` is its path below the root and unique, `label` None where nobody said."""

    where: str
    name: str
    label: str | None
    side: Side | None
    site: str | None


@dataclass(frozen=True)
class Layout:
    """What a path holds: its pictures in order, and every file left out with its reason."""

    kind: Kind
    items: tuple[Item, ...]
    skipped: tuple[Skipped, ...]
    read: Callable[[str], bytes]

    @property
    def classes(self) -> Counter[str]:
        """How many pictures each class has, in order of first appearance."""
        return Counter(item.label for item in self.items if item.label is not None)


@contextmanager
def look(path: Path) -> Iterator[Layout]:
    """Recognise what lies at `path`: a folder, a ZIP, or a CSV or JSONL file that lists pictures beside it.

    Raises:
        Missing: nothing is there.
        BadArchive: a ZIP that cannot be read safely.
        Rejected: not one of the documented layouts, or not one picture in it.
    """
    if path.suffix.lower() in sources.TABLES and path.is_file():
        yield _checked(_from_table(_beside(path), tables.rows(path.name, sources.read_file(path))), path=path)
        return
    with sources.opened(path) as source:
        yield _checked(recognise(source), path=path)


def recognise(source: Source) -> Layout:
    """The layout of `source`: a table at its root wins, then split folders, then class folders, then none."""
    junk = [Skipped(name, reason) for name in source.names if (reason := junk_reason(name))]
    names = [name for name in source.names if junk_reason(name) is None]
    root = nested_root(names)
    for name in tables.candidates(names, root=root):
        if tables.lists_pictures(listed := _read_or_empty(source, name)):
            return _with_table(source, tables.rows(name, listed), names=names, junk=junk)
    others = [Skipped(name, "not a picture.") for name in names if not is_picture(name)]
    kind, items, beside = _by_folders([name for name in names if is_picture(name)], root=root)
    return Layout(kind, tuple(items), (*source.skipped, *junk, *others, *beside), source.read)


def _read_or_empty(source: Source, name: str) -> bytes:
    try:
        return source.read(name)
    except Rejected:
        return b""


def nested_root(names: Sequence[str]) -> str:
    """The folders ("a/b/") in which everything lies, as a ZIP of a folder has; the class folder itself stays."""
    parts = [PurePosixPath(name).parts for name in names if is_picture(name) or _is_table(name)]
    if not parts:
        return ""
    depth = 0
    while _wraps(parts, depth=depth):
        depth += 1
    return "".join(f"{part}/" for part in parts[0][:depth])


def _wraps(parts: Sequence[tuple[str, ...]], *, depth: int) -> bool:
    top = parts[0][depth]
    if any(len(part) <= depth + 1 or part[depth] != top for part in parts) or top.lower() in SPLITS:
        return False
    return any(len(part) > depth + 2 or (len(part) == depth + 2 and _is_table(part[-1])) for part in parts)


def _is_table(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in sources.TABLES


def _by_folders(names: Sequence[str], *, root: str) -> tuple[Kind, list[Item], list[Skipped]]:
    parts = {name: PurePosixPath(name.removeprefix(root)).parts for name in names}
    tops = {part[0].lower() for part in parts.values() if len(part) > 1}
    if {"images", "masks"} <= tops:
        raise Rejected("images/ and masks/ are a data set of masks.", hint="Import it into a project that segments.")
    if any(len(part) > 2 and part[0].lower() in SPLITS for part in parts.values()):
        return ("splits", *_placed(parts, labelled_at=1))
    if tops and (len(tops) > 1 or not tops <= UNLABELLED):
        return ("classes", *_placed(parts, labelled_at=0))
    return "flat", [Item(name, part[-1], None, None, None) for name, part in parts.items()], []


def _placed(parts: dict[str, tuple[str, ...]], *, labelled_at: int) -> tuple[list[Item], list[Skipped]]:
    items: list[Item] = []
    beside: list[Skipped] = []
    for name, part in parts.items():
        if len(part) < labelled_at + 2 or (labelled_at and part[0].lower() not in SPLITS):
            beside.append(Skipped(name, "lies beside the class folders, so it has no class."))
        elif not is_class_name(label := clean(part[labelled_at])):
            beside.append(Skipped(name, "its folder's name is no class name."))
        else:
            side = SPLITS[part[0].lower()] if labelled_at else None
            items.append(Item(name, part[-1], None if label.lower() in UNLABELLED else label, side, None))
    return items, beside


def is_class_name(text: str) -> bool:
    """Whether `text` may name a class: 1 to 100 printable characters."""
    return 0 < len(text) <= MAX_CLASS_NAME and text.isprintable()


def _with_table(source: Source, listed: tables.Table, *, names: Sequence[str], junk: Sequence[Skipped]) -> Layout:
    present = {clean(name): name for name in names}
    layout = _from_table(source, listed, present=present)
    used = {item.where for item in layout.items} | {skip.where for skip in layout.skipped} | {listed.name}
    rest = [Skipped(name, f"not listed in {listed.name}.") for name in names if name not in used]
    return Layout("table", layout.items, (*source.skipped, *junk, *layout.skipped, *rest), source.read)


def _from_table(source: Source, listed: tables.Table, *, present: dict[str, str] | None = None) -> Layout:
    items: dict[str, Item] = {}
    skipped = list(listed.skipped)
    for row in listed.rows:
        where = row.filepath if present is None else present.get(clean(row.filepath), row.filepath)
        reason = _row_refusal(row, known=where in items, missing=present is not None and where not in present.values())
        if reason:
            skipped.append(Skipped(row.filepath, f"{listed.name} line {row.line}: {reason}"))
            continue
        side = SPLITS.get(row.split.lower(), "none") if row.split else None
        name = row.name or PurePosixPath(where).name
        items[where] = Item(where, name, row.label or None, side, row.site or None)
    return Layout("table", tuple(items.values()), tuple(skipped), source.read)


def _row_refusal(row: tables.Row, *, known: bool, missing: bool) -> str | None:
    if row.split and row.split.lower() not in SPLITS and row.split.lower() != "none":
        return f"unknown split {row.split!r}."
    if ".." in PurePosixPath(row.filepath).parts or PurePosixPath(row.filepath).is_absolute():
        return "its path leads out of the folder."
    if known:
        return "listed twice."
    if missing:
        return "the file is missing."
    if row.label and not is_class_name(row.label):
        return "its label is no class name."
    return None if is_picture(row.filepath) else "not a picture."


def _beside(path: Path) -> Source:
    return Source(names=(), skipped=(), read=lambda name: sources.read_file(path.parent / name))


def _checked(layout: Layout, *, path: Path) -> Layout:
    if not layout.items:
        found = Counter(skip.reason for skip in layout.skipped).most_common(3)
        why = "; ".join(f"{count} × {reason}" for reason, count in found) or "it is empty."
        raise Rejected(f"no picture found in {path.name!r}: {why}", hint="Use root/class/*.jpg, a ZIP of it, or a CSV.")
    return layout
