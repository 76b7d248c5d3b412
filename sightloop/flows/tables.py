"""Read a CSV or JSONL file that lists pictures: `filepath,label[,split][,site][,mask]`, and other usual names."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sightloop.core.errors import Rejected
from sightloop.flows.naming import clean
from sightloop.flows.skipping import Skipped

COLUMNS: dict[str, tuple[str, ...]] = {
    "filepath": ("filepath", "file_path", "path", "file", "filename", "file_name", "image"),
    "label": ("label", "class", "category"),
    "split": ("split", "side", "set"),
    "site": ("site", "group", "camera", "patient"),
    "name": ("name", "original_name"),
    "mask": ("mask", "mask_path", "maskpath", "mask_file", "mask_filepath"),
}
PATHS = ("filepath", "mask")
HINT = "The first line must name its columns: filepath,label[,split][,site], or mask in place of label."


@dataclass(frozen=True)
class Row:
    """One listed picture; `filepath` and `mask` are as written, absent words are ""."""

    line: int
    filepath: str
    label: str
    split: str
    site: str
    name: str
    mask: str


@dataclass(frozen=True)
class Table:
    """The rows of one listing, their paths below the root of its source, and the lines that could not be read."""

    name: str
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]


def candidates(names: Sequence[str], *, root: str) -> list[str]:
    """The files at the root that may list pictures; `dataset.csv`, as our export writes it, first."""
    endings = (".csv", ".jsonl")
    found = [name for name in names if name.lower().endswith(endings) and "/" not in name.removeprefix(root)]
    return sorted(found, key=lambda name: (PurePosixPath(name).stem.lower() != "dataset", name))


def lists_pictures(data: bytes) -> bool:
    """Whether a table has the two columns that make it a list of pictures with labels or masks."""
    try:
        first = next(_records("x.jsonl" if data.lstrip()[:1] == b"{" else "x.csv", _text(data)), None)
    except Rejected:
        return False
    return first is not None and {"filepath"} < _named(first[1]).keys() & {"filepath", "label", "mask"}


def rows(name: str, data: bytes) -> Table:
    """Read the listing called `name` (its path below the root); raises Rejected where it is no listing at all."""
    folder = PurePosixPath(name).parent
    found: list[Row] = []
    skipped: list[Skipped] = []
    for line, record in _records(name, _text(data)):
        cells = _named(record)
        if not cells.get("filepath"):
            skipped.append(Skipped(name, f"line {line}: no readable filepath."))
            continue
        cells |= {column: _below(folder, cells[column]) for column in PATHS if cells.get(column)}
        found.append(Row(line, *(cells.get(column, "") for column in COLUMNS)))
    if not found:
        raise Rejected(f"{name!r} lists no picture.", hint=HINT)
    return Table(name=name, rows=tuple(found), skipped=tuple(skipped))


def _below(folder: PurePosixPath, path: str) -> str:
    return (folder / path.replace("\\", "/")).as_posix()


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Rejected(f"the listing is not UTF-8 text (byte {error.start}).", hint="Save it as UTF-8.") from error


def _records(name: str, text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    if name.lower().endswith(".jsonl"):
        yield from _json_lines(text)
        return
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        raise Rejected(f"{name!r} line {reader.line_num}: {error}.", hint=HINT) from error


def _json_lines(text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = {}
        yield number, record if isinstance(record, dict) else {}


def _named(record: Mapping[str, object]) -> dict[str, str]:
    given = {str(key).strip().lower(): value for key, value in record.items() if isinstance(key, str)}
    cells: dict[str, str] = {}
    for column, names in COLUMNS.items():
        for name in names:
            if given.get(name) is not None:
                cells[column] = str(given[name]).strip() if column in PATHS else clean(str(given[name]))
                break
    return cells
