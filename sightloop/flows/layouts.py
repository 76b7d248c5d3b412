"""Recognise how a folder or ZIP of pictures is laid out, by looking at its paths only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sightloop.core.entities import NOTHING, UNKNOWN
from sightloop.core.errors import Rejected
from sightloop.flows import class_names, mask_sets, sources, tables
from sightloop.flows.items import SPLITS as SPLITS
from sightloop.flows.items import UNLABELLED, Kind, is_class_name
from sightloop.flows.items import Item as Item
from sightloop.flows.items import Layout as Layout
from sightloop.flows.naming import clean
from sightloop.flows.skipping import Skipped, junk_reason
from sightloop.flows.sources import Source, is_picture

WITHOUT_MASK = {word: word for word in (NOTHING, UNKNOWN)}  # what a listing may say where masks are wanted


@contextmanager
def look(path: Path, *, task: str | None = "classify") -> Iterator[Layout]:
    """Recognise what lies at `path`: a folder, a ZIP, or a CSV or JSONL file that lists pictures beside it.

    Args:
        task: of the project that it is for; None takes a data set of either.

    Raises:
        Missing: nothing is there.
        BadArchive: a ZIP that cannot be read safely.
        Rejected: not one of the documented layouts, or not one picture in it, or one of the other task.
    """
    if path.suffix.lower() in sources.TABLES and path.is_file():
        listed = tables.rows(path.name, sources.read_file(path))
        yield _checked(_from_table(_beside(path), listed, task=task), path=path, task=task)
        return
    with sources.opened(path) as source:
        yield _checked(recognise(source, task=task), path=path, task=task)


def recognise(source: Source, *, task: str | None) -> Layout:
    """The layout of `source`: a table at its root, then masks, split folders, class folders, none.

    Where masks are wanted, a table without a column of them comes after folders that have some.
    """
    junk = [Skipped(name, reason) for name in source.names if (reason := junk_reason(name))]
    names = [name for name in source.names if junk_reason(name) is None]
    root = nested_root(names)
    listed = _listing(source, names, root=root)
    if listed and (task != "segment" or any(row.mask for row in listed.rows)):
        return _with_table(source, listed, names=names, junk=junk, task=task)
    found, broken = mask_sets.recognise(source, names, wanted=task == "segment")
    if found:
        return replace(found, skipped=(*junk, *broken, *found.skipped))
    if listed:
        return _with_table(source, listed, names=names, junk=junk, task=task)
    named = {skip.where for skip in broken}
    others = [Skipped(name, "not a picture.") for name in names if not is_picture(name) and name not in named]
    kind, items, beside = _by_folders([name for name in names if is_picture(name)], root=root)
    return Layout(kind, tuple(items), (*source.skipped, *junk, *broken, *others, *beside), source.read)


def _listing(source: Source, names: Sequence[str], *, root: str) -> tables.Table | None:
    for name in tables.candidates(names, root=root):
        if tables.lists_pictures(data := _read_or_empty(source, name)):
            return tables.rows(name, data)
    return None


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


def _with_table(
    source: Source, listed: tables.Table, *, names: Sequence[str], junk: Sequence[Skipped], task: str | None
) -> Layout:
    present = {clean(name): name for name in names}
    layout = _from_table(source, listed, present=present, task=task)
    used = {item.where for item in layout.items} | {skip.where for skip in layout.skipped} | {listed.name}
    used |= {item.mask for item in layout.items if item.mask} | set(class_names.files(names))
    rest = [Skipped(name, f"not listed in {listed.name}.") for name in names if name not in used]
    return replace(layout, skipped=(*source.skipped, *junk, *layout.skipped, *rest))


def _from_table(
    source: Source, listed: tables.Table, *, task: str | None, present: dict[str, str] | None = None
) -> Layout:
    items: dict[str, Item] = {}
    skipped = list(listed.skipped)
    there = None if present is None else frozenset(present.values())
    for row in listed.rows:
        where = row.filepath if present is None else present.get(clean(row.filepath), row.filepath)
        reason = _row_refusal(row, known=where in items, missing=there is not None and where not in there)
        if reason:
            skipped.append(Skipped(row.filepath, f"{listed.name} line {row.line}: {reason}"))
            continue
        side = SPLITS.get(row.split.lower(), "none") if row.split else None
        name = row.name or PurePosixPath(where).name
        items[where] = Item(where, name, row.label or None, side, row.site or None, row.mask or None)
    layout = Layout("table", tuple(items.values()), tuple(skipped), source.read)
    if task == "segment" or any(row.mask for row in listed.rows):
        return _masked(source, layout, present=present)
    return layout


def _masked(source: Source, layout: Layout, *, present: dict[str, str] | None) -> Layout:
    """The same pictures with what is drawn on them in place of a class, as far as their masks are there."""
    items, notes, missing = [], [], []
    for item in layout.items:
        mask = _present(item.mask, present) if item.mask is not None else None
        if item.mask is not None and mask is None:
            missing.append(Skipped(item.mask, f"the mask of {item.where} is missing."))
        word = WITHOUT_MASK.get((item.label or "").casefold()) if item.mask is None else None
        if mask is None and word is None:
            notes.append(Skipped(item.where, mask_sets.NO_MASK))
        items.append(replace(item, label=word, mask=mask))
    found = mask_sets.listed(source, items, pictures=[item.where for item in items])
    skipped = (*layout.skipped, *missing, *found.skipped)
    return replace(found, skipped=skipped, notes=tuple(notes))


def _present(mask: str, present: dict[str, str] | None) -> str | None:
    """Where a listed mask is; None where it is not there, or may not be read."""
    if present is None:
        return None if _leads_out(mask) else mask
    return present.get(clean(mask))


def _row_refusal(row: tables.Row, *, known: bool, missing: bool) -> str | None:
    if row.split and row.split.lower() not in SPLITS and row.split.lower() != "none":
        return f"unknown split {row.split!r}."
    if _leads_out(row.filepath):
        return "its path leads out of the folder."
    if known:
        return "listed twice."
    if missing:
        return "the file is missing."
    if row.label and not is_class_name(row.label):
        return "its label is no class name."
    return None if is_picture(row.filepath) else "not a picture."


def _leads_out(path: str) -> bool:
    return ".." in PurePosixPath(path).parts or PurePosixPath(path).is_absolute()


def _beside(path: Path) -> Source:
    beside = tuple(name for name in class_names.USUAL if (path.parent / name).is_file())
    return Source(names=beside, skipped=(), read=lambda name: sources.read_file(path.parent / name))


def _checked(layout: Layout, *, path: Path, task: str | None) -> Layout:
    if not layout.items:
        found = Counter(skip.reason for skip in layout.skipped).most_common(3)
        why = "; ".join(f"{count} × {reason}" for reason, count in found) or "it is empty."
        raise Rejected(f"no picture found in {path.name!r}: {why}", hint="Use root/class/*.jpg, a ZIP of it, or a CSV.")
    if task == "classify" and layout.draw is not None:
        raise Rejected(
            f"{path.name!r} is a data set of masks ({layout.kind}), and the project tells classes apart.",
            hint="Import it into a project that segments, or leave the masks out.",
        )
    if task == "segment" and layout.draw is None and layout.classes:
        raise Rejected(
            f"{path.name!r} has pictures by class ({', '.join([*layout.classes][:5])}), and the project wants masks.",
            hint="Lay them as images/ and masks/, or as one folder of pictures without labels.",
        )
    return layout
