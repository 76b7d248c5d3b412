"""Open every picture and mask of a folder or ZIP, to know before an import what it would refuse; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sightloop.core.entities import Json, Progress
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import layouts
from sightloop.flows.items import Item, Layout, Size
from sightloop.vision import decode, fingerprint
from sightloop.vision.masks import Read

ANY_CLASSES = tuple(str(index) for index in range(1, 255))  # 255 is white
SMALL = 256  # a scaled decode finds damage without unpacking every pixel


def examine(path: Path, *, report: Report) -> Json:
    """What lies at `path`, picture by picture.

    Returns {source, layout, pictures, classes {name: n}, unreadable [{path, reason}], duplicates [[path, ...]],
    skipped [{path, reason}]}; `duplicates` are files with the same bytes. Of a data set of masks also {masks, empty,
    notes [{path, reason}]}: how many masks could be read, how many of them mark nothing, and what there is to say of
    them. Those that cannot be read are among the `unreadable`; `classes` counts pictures as far as classes are named.

    Raises:
        Missing, BadArchive, Rejected: as `layouts.look`.
    """
    seen: dict[str, list[str]] = {}
    unreadable: list[Json] = []
    drawn = _Drawn()
    with layouts.look(path, task=None) as layout:
        for done, item in enumerate(layout.items):
            report(Progress(done, len(layout.items), f"{done} of {len(layout.items)} pictures"))
            try:
                data = layout.read(item.where)
                header, _ = decode.read(data, shrink_to=SMALL)
            except Rejected as error:
                unreadable.append({"path": item.where, "reason": error.message})
                continue
            seen.setdefault(fingerprint.file_hash(data), []).append(item.where)
            if layout.has_mask(item):
                drawn.look(layout, item, (header.height, header.width))
        return {
            "source": path.name,
            "layout": layout.kind,
            "pictures": len(layout.items),
            "classes": dict(layout.classes),
            **(drawn.told(layout) if layout.draw else {}),
            "unreadable": unreadable + drawn.unreadable,
            "duplicates": [names for names in seen.values() if len(names) > 1],
            "skipped": [{"path": one.where, "reason": one.reason} for one in layout.skipped],
        }


@dataclass
class _Drawn:
    """What the masks that were opened are like."""

    masks: int = 0
    empty: int = 0
    unreadable: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)

    def look(self, layout: Layout, item: Item, size: Size) -> None:
        """Draw one mask; where no class is named, as black and white, else as indices."""
        where = item.mask or item.where
        try:
            found = _drawn(layout, item, size)
        except Rejected as error:
            self.unreadable.append({"path": where, "reason": error.message})
            return
        self.masks += 1
        self.empty += not found.mask.any()
        if found.note:
            self.notes.append({"path": where, "reason": found.note})

    def told(self, layout: Layout) -> Json:
        """The figures as part of the report."""
        beside = [{"path": note.where, "reason": note.reason} for note in layout.notes]
        return {"masks": self.masks, "empty": self.empty, "notes": [*beside, *self.notes]}


def _drawn(layout: Layout, item: Item, size: Size) -> Read:
    if layout.names:
        return layout.mask_of(item, classes=layout.names, size=size)
    try:
        return layout.mask_of(item, classes=("1",), size=size)
    except Rejected as error:
        try:
            return layout.mask_of(item, classes=ANY_CLASSES, size=size)
        except Rejected:
            raise error from None
