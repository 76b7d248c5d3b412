"""The names of a data set's classes, in the order of their indices, from the few lines that say so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from sightloop.core.errors import Rejected
from sightloop.flows.items import is_class_name
from sightloop.flows.naming import clean
from sightloop.flows.sources import Source

LISTS = ("classes.txt", "obj.names")
USUAL = ("data.yaml", "classes.txt")
YAML = (".yaml", ".yml")
ENTRY = re.compile(r"^\s*(?:-|\d+\s*:)\s*(.*)$")


def find(source: Source) -> tuple[tuple[str, ...], str | None]:
    """The names in the outermost `data.yaml` or `classes.txt`, and which file that is; () and None without one.

    Raises:
        Rejected: a name that cannot be a class's, or one twice.
    """
    for name in files(source.names):
        text = source.read(name).decode("utf-8-sig", errors="replace")
        listed = _of_yaml(text) if name.lower().endswith(YAML) else text.splitlines()
        if found := tuple(clean(line) for line in listed if line.strip()):
            return _checked(found, name), name
    return (), None


def files(names: Sequence[str]) -> list[str]:
    """Those of `names` that may list classes, the outermost first."""
    return sorted((name for name in names if _may_list(name)), key=lambda name: (name.count("/"), name))


def _may_list(name: str) -> bool:
    return PurePosixPath(name).name.lower() in LISTS or name.lower().endswith(YAML)


def _checked(names: Sequence[str], file: str) -> tuple[str, ...]:
    keys = [name.casefold() for name in names]
    strange = [name for name in names if not is_class_name(name) or keys.count(name.casefold()) > 1]
    if strange:
        raise Rejected(f"{file} names a class {strange[0][:100]!r} that cannot be one, or twice.")
    return tuple(names)


def _of_yaml(text: str) -> list[str]:
    """The values of `names:`, written as [a, b], as a list of lines, or as lines with their index."""
    start = re.search(r"^names\s*:", text, re.MULTILINE)
    if start is None:
        return []
    first, _, rest = text[start.end() :].partition("\n")
    flow = _bare(first)
    if flow.startswith(("[", "{")):
        inside = re.split(r"[\]}]", "\n".join([first, rest]).split(flow[0], 1)[1], maxsplit=1)[0]
        return [_value(part) for part in inside.split(",") if part.strip()]
    return [_value(found[1]) for line in _entries(rest) if (found := ENTRY.match(line))]


def _entries(text: str) -> list[str]:
    """The lines below `names:` up to the next key."""
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith((" ", "\t", "-", "#")):
            break
        found.append(line)
    return found


def _value(text: str) -> str:
    """A scalar without its quotes, its index (`0: crack`) or a comment."""
    bare = re.sub(r"^\s*\d+\s*:\s*", "", _bare(text))
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"" else bare


def _bare(text: str) -> str:
    return re.sub(r"(^|\s)#.*$", "", text).strip()
