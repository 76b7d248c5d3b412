"""What an import would do: classes as the project spells them, sides, and pictures in the order they are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from sightloop.core.entities import NOTHING, UNKNOWN, Json, Project, Side
from sightloop.core.errors import Rejected
from sightloop.flows import layouts
from sightloop.flows.intake import Draft
from sightloop.flows.layouts import Item, Layout
from sightloop.flows.projects import check_classes
from sightloop.flows.services import Services
from sightloop.flows.sketches import Sketch
from sightloop.store import projects

HELD_OUT_FIRST: dict[Side | None, int] = {"test": 0, "calibration": 1, "train": 2, "none": 3, None: 4}
LISTED = 1000  # files named in a plan; the counts are complete
SEEN_LATER = "Which classes the masks have is known once they are read."


def plan(project: Project, path: Path) -> Json:
    """What importing `path` would do, from names alone: no picture is opened and nothing is written.

    Returns {source, layout, pictures, labelled, classes {name: n}, new_classes, closed, splits {side: {class: n}},
    sites, skipped_count, skipped [{path, reason}]}. Where the project segments, `classes` counts the pictures that have
    each of them, and is empty where `classes_note` says that only reading the masks will tell; `masks` counts them, and
    `notes_count` and `notes` [{path, reason}] are of pictures that come without one.

    Raises:
        Missing, BadArchive, Rejected: as `layouts.look`.
    """
    with layouts.look(path, task=project.task) as layout:
        spelled = spelling(project, layout)
        classes: Counter[str] = Counter()
        for name, count in layout.classes.items():
            classes[spelled[name]] += count
        return {
            "source": path.name,
            "layout": layout.kind,
            "pictures": len(layout.items),
            "labelled": sum(item.label is not None or item.mask is not None for item in layout.items),
            **(_masks(layout) if layout.draw else {}),
            "classes": dict(classes),
            "new_classes": _fresh(project, spelled.values()),
            "closed": bool(project.classes),
            "splits": _per_side(layout, spelled),
            "sites": len({item.site for item in layout.items if item.site}),
            "skipped_count": len(layout.skipped),
            "skipped": [{"path": skip.where, "reason": skip.reason} for skip in layout.skipped[:LISTED]],
        }


def _masks(layout: Layout) -> Json:
    return {
        "masks": sum(item.mask is not None for item in layout.items),
        **({} if layout.counts is not None else {"classes_note": SEEN_LATER}),
        "notes_count": len(layout.notes),
        "notes": [{"path": note.where, "reason": note.reason} for note in layout.notes[:LISTED]],
    }


def check_new_classes(found: Json, project: Project, *, agreed: bool) -> None:
    """Raise Rejected where a plan's new classes, which it names, do not fit or nobody `agreed` to them.

    A project without classes takes those of its first import without being asked.
    """
    fresh = found["new_classes"]
    if project.classes and not agreed:
        raise Rejected(
            f"{found['source']!r} has {len(fresh)} class(es) that project {project.name!r} does not: "
            f"{', '.join(fresh[:20])}.",
            hint="Rename the folders, or agree to new classes (--new-classes).",
        )
    check_classes((*project.classes, *fresh), task=project.task)


def spelling(project: Project, layout: Layout) -> dict[str, str]:
    """Each class as written → as the project spells it: case does not make another class."""
    known = {name.casefold(): name for name in (*project.classes, UNKNOWN)}
    return {name: known.setdefault(name.casefold(), name) for name in layout.used}


def _per_side(layout: Layout, spelled: dict[str, str]) -> Json:
    found: dict[str, Counter[str]] = {}
    for item in layout.items:
        if item.side is not None:
            found.setdefault(item.side, Counter())[_word(layout, item, spelled)] += 1
    return {side: dict(counts) for side, counts in found.items()}


def _word(layout: Layout, item: Item, spelled: dict[str, str]) -> str:
    if layout.draw is not None:
        return "with a mask" if layout.has_mask(item) else ""
    return spelled[item.label] if item.label else ""


def grow(services: Services, project: Project, names: Iterable[str]) -> tuple[Project, Sequence[str]]:
    """The project with these classes added behind its own, and which those were; saying it again adds none.

    Raises:
        Rejected: a name that cannot be a class's.
    """
    if not _fresh(project, names := list(names)):
        return project, ()
    with services.db.begin() as db:
        current = projects.get(db, project.id)
        fresh = _fresh(current, names)
        return projects.update(db, current, classes=check_classes((*current.classes, *fresh), task=current.task)), fresh


def _fresh(project: Project, names: Iterable[str]) -> list[str]:
    own = (*project.classes, UNKNOWN, *((NOTHING,) if project.task == "segment" else ()))
    return [name for name in dict.fromkeys(names) if name not in own]


def drafts(layout: Layout, project: Project, *, site: str | None) -> list[Draft]:
    """Held-out sides first, so that of two equal pictures the one that judges is kept and never teaches."""
    spelled = spelling(project, layout)
    ordered = sorted(layout.items, key=lambda item: HELD_OUT_FIRST[item.side])
    return [
        Draft(
            where=item.where,
            name=item.name,
            label=spelled.get(item.label, item.label) if item.label is not None else None,
            side=item.side,
            site=item.site or site,
            sketch=_sketch(layout, item, project.classes),
        )
        for item in ordered
    ]


def _sketch(layout: Layout, item: Item, classes: Sequence[str]) -> Sketch | None:
    if item.mask is None:
        return None
    return Sketch(item.mask, lambda size: layout.mask_of(item, classes=classes, size=size))
