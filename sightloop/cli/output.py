"""How commands print: tables for people, JSON for programs, both on stdout and nothing else there."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sightloop.core.entities import Progress

SHOWN = 20  # rows of a list that people are shown

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON."
)


def plain(value: object) -> Any:
    """`value` as JSON can hold it: records become objects, paths text."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value


def emit(value: object, *, as_json: bool, text: Callable[[], str]) -> None:
    """Print `value` as JSON, or what `text` makes of it."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False) if as_json else text())


def table(rows: Iterable[Sequence[object]], *, head: Sequence[str], empty: str = "Nothing yet.") -> str:
    """Rows under their heads, columns as wide as they need to be."""
    lines = [[str(cell) for cell in row] for row in rows]
    if not lines:
        return empty
    widths = [max(len(line[column]) for line in [list(head), *lines]) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [list(head), *lines]
    )


def reasons(rows: Sequence[Mapping[str, str]], *, head: str) -> str:
    """Paths with their reasons, the first twenty."""
    listed = table([(row["path"], row["reason"]) for row in rows[:SHOWN]], head=(head, "reason"), empty="")
    return listed + (f"\nand {len(rows) - SHOWN} more (--json lists them)" if len(rows) > SHOWN else "")


def sections(*parts: str) -> str:
    """The parts that are not empty, an empty line between them."""
    return "\n\n".join(part for part in parts if part)


def pairs(values: Mapping[str, object]) -> str:
    """One value per line behind its name, nested values indented."""
    width = max((len(name) for name in values), default=0)
    return "\n".join(f"{name.ljust(width)}  {_cell(name, value)}" for name, value in values.items())


@contextmanager
def counter() -> Iterator[Callable[[Progress], None]]:
    """A report for work in this process: one line on a terminal's stderr, at most five times a second."""
    shows, last = sys.stderr.isatty(), time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal last
        if shows and time.monotonic() - last > 0.2:
            last = time.monotonic()
            click.echo(f"\r\x1b[K{progress.message}", nl=False, err=True)

    yield report
    if shows:
        click.echo("\r\x1b[K", nl=False, err=True)


def moment(seconds: float | None) -> str:
    """A time as people read it, UTC."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def duration(seconds: float) -> str:
    """Seconds as 12 s, 3 min 05 s or 2 h 10 min."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def figure(value: object) -> str:
    """A measured value with its interval where it has one, for example 0.912 (0.880–0.941)."""
    if isinstance(value, Mapping) and "value" in value:
        low, high = value.get("low"), value.get("high")
        return figure(value["value"]) + ("" if low is None or high is None else f" ({low:.3f}–{high:.3f})")
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _cell(name: str, value: object) -> str:
    """A time as a time, by its name; everything else by its type."""
    return moment(value) if name.endswith("_at") and isinstance(value, float) else _short(value)


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_short(item)}" for name, item in value.items()) or "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(_short(item) for item in value) or "-"
    return figure(value)
