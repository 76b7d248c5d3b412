"""Open every picture of a folder or ZIP, to know before an import what it would refuse; nothing is stored."""

from __future__ import annotations

from pathlib import Path

from sightloop.core.entities import Json, Progress
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import layouts
from sightloop.vision import decode, fingerprint

SMALL = 256  # a scaled decode finds damage without unpacking every pixel


def examine(path: Path, *, report: Report) -> Json:
    """What lies at `path`, picture by picture.

    Returns {source, layout, pictures, classes {name: n}, unreadable [{path, reason}], duplicates [[path, ...]],
    skipped [{path, reason}]}; `duplicates` are files with the same bytes.

    Raises:
        Missing, BadArchive, Rejected: as `layouts.look`.
    """
    seen: dict[str, list[str]] = {}
    unreadable: list[Json] = []
    with layouts.look(path) as layout:
        for done, item in enumerate(layout.items):
            report(Progress(done, len(layout.items), f"{done} of {len(layout.items)} pictures"))
            try:
                data = layout.read(item.where)
                decode.decode(data, shrink_to=SMALL)
            except Rejected as error:
                unreadable.append({"path": item.where, "reason": error.message})
            else:
                seen.setdefault(fingerprint.file_hash(data), []).append(item.where)
        return {
            "source": path.name,
            "layout": layout.kind,
            "pictures": len(layout.items),
            "classes": dict(layout.classes),
            "unreadable": unreadable,
            "duplicates": [names for names in seen.values() if len(names) > 1],
            "skipped": [{"path": one.where, "reason": one.reason} for one in layout.skipped],
        }
