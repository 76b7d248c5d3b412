"""Our figures and parameters in the words of an experiment server: flat names, one number or one text each."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

LONGEST: Final = 5000  # characters of a parameter's text; MLflow takes 6000
REFUSED: Final = re.compile(r"[^\w\-. ]")


def flat(figures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every finite number in `figures` under a name with slashes.

    {"accuracy": {"value": 0.9, "low": 0.8}} is accuracy and accuracy/low; of a list whose rows name their `class`, the
    rows are told under it, and other lists (curves, matrices) are left out.
    """
    for name, value in figures.items():
        path = prefix.removesuffix("/") if name == "value" and prefix else prefix + word(name)
        if isinstance(value, Mapping):
            yield from flat(value, f"{path}/")
        elif isinstance(value, list):
            for row in value:
                if isinstance(row, Mapping) and "class" in row:
                    rest = {key: one for key, one in row.items() if key != "class"}
                    yield from flat(rest, f"{path}/{word(str(row['class']))}/")
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            yield path, float(value)


def texts(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every parameter as text; lists as JSON, parameters within parameters under a name with slashes."""
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from texts(value, f"{prefix}{word(name)}/")
        else:
            said = json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple) else str(value)
            yield prefix + word(name), said[:LONGEST]


def word(name: str) -> str:
    """`name` with what a server refuses replaced; never empty, never a step up a path."""
    return REFUSED.sub("_", name).strip(" .")[:100] or "_"
