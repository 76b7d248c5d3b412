"""How a benchmark says what it found: a table for people, JSON for machines."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import psutil

FOLDER = Path(__file__).parent / "results"


def publish(name: str, rows: Sequence[Mapping[str, Any]], *, notes: Mapping[str, Any] | None = None) -> None:
    """Print `rows` as a table and keep them with the machine's description."""
    click.echo(f"\n{name}")
    for line in _table(rows):
        click.echo("  " + line)
    for key, value in (notes or {}).items():
        click.echo(f"  {key}: {value}")
    FOLDER.mkdir(exist_ok=True)
    found = {"at": time.time(), "machine": _machine(), "rows": list(rows), "notes": dict(notes or {})}
    (FOLDER / f"{name}.json").write_text(json.dumps(found, indent=1))


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_text(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _machine() -> dict[str, Any]:
    return {
        "cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "load_1m": psutil.getloadavg()[0],
    }
