"""Look for pictures that stand on two sides of a project's split, and take the held-out ones off theirs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sightloop.core.entities import Image, Json, Project, User
from sightloop.core.errors import Conflict
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.measure import leaks as measure
from sightloop.store import changes, images, labelled

HELD_OUT = ("calibration", "test")
MEMBERS = 2  # pictures listed of each side of a group on two sides


def leaks(services: Services, *, user: User, project: str) -> Json:
    """What `measure.leaks.find` says of all labelled pictures, exact copies included, and what `mend` would do.

    Beside that: `names` of the pictures of every example, `images` of every group on two sides, and fix {images,
    sentence}, how many pictures would leave their side.
    """
    target = project_for(services, user=user, name=project, action="view")
    rows = _rows(services, target)
    found = measure.find(rows)
    leaving = _leaving(rows, found)
    _name(services, found, rows)
    return {**found, "fix": {"images": len(leaving), "sentence": _sentence(rows, leaving)}}


def mend(services: Services, *, user: User, project: str, expected: int) -> Json:
    """Take every held-out picture off its side that has a copy, or one of its group, on an earlier side.

    It neither teaches nor judges from then on: were it to teach, it could bring its own copies among the held-out ones
    with it. Snapshots stay as they are. Train comes before calibration, calibration before test.

    Returns {moved}.

    Raises:
        Conflict: not `expected` pictures would leave; carries how many.
    """
    target = project_for(services, user=user, name=project, action="manage")
    rows = _rows(services, target)
    leaving = {row.image_id: row for row in _leaving(rows, measure.find(rows))}
    if len(leaving) != expected:
        raise _changed(len(leaving), expected)
    with services.db.begin() as db:
        now = changes.current(db, leaving, project_id=target.id)
        still = [image for image in now.values() if _as_seen(image, leaving[image.id])]
        if len(still) != expected:
            raise _changed(len(still), expected)
        changes.save(db, [_withdrawn(image, by=user.id) for image in still])
    return {"moved": expected}


def _changed(found: int, expected: int) -> Conflict:
    return Conflict(f"{found} pictures would leave their side, not {expected}.", current=found, hint="Look again.")


def _as_seen(image: Image, row: measure.Row) -> bool:
    return image.side == row.side and image.label == row.label and image.trashed_at is None


def _withdrawn(image: Image, *, by: str) -> changes.Change:
    detail: Json = {"from": image.side, "to": "none", "reason": "a copy or its group stands on an earlier side"}
    return changes.Change(image, replace(image, side="none"), "withdrawn", by, detail)


def _rows(services: Services, project: Project) -> list[measure.Row]:
    with services.db.connect() as db:
        found = labelled.all(db, project.id)
    return [
        measure.Row(
            image_id=one.id,
            sha256=one.sha256,
            pixel_hash=one.pixel_hash,
            phash=int(one.phash, 16) if one.phash else None,
            side=one.side,
            label=one.label,
            group=one.group,
        )
        for one in found
    ]


def _leaving(rows: Sequence[measure.Row], found: Json) -> list[measure.Row]:
    """The held-out pictures with a copy, or one of their group, on an earlier side."""
    copies = {image_id for side in HELD_OUT for image_id in found["leaked"][side]}
    first: dict[str, int] = {}
    for row in rows:
        first[row.group] = min(first.get(row.group, measure.SIDES["none"]), measure.SIDES[row.side])
    return [
        row
        for row in rows
        if row.side in HELD_OUT and (row.image_id in copies or first[row.group] < measure.SIDES[row.side])
    ]


def _sentence(rows: Sequence[measure.Row], leaving: Sequence[measure.Row]) -> str:
    if not leaving:
        return "No held-out picture has a copy on an earlier side."
    left = Counter(row.side for row in rows)
    left.subtract(row.side for row in leaving)
    return (
        f"{len(leaving)} held-out picture(s) have a copy, or one of their group, on an earlier side. Without them "
        f"{left['calibration']} calibrate and {left['test']} judge; they neither teach nor judge from then on, and "
        "snapshots taken before stay as they are."
    )


def _name(services: Services, found: Json, rows: Sequence[measure.Row]) -> None:
    """Add the pictures' names to every example, and a few pictures to every group on two sides."""
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        members[row.group, row.side].append(row.image_id)
    groups: list[Json] = found["split_groups"]["examples"]
    for group in groups:
        group["images"] = [one for side in group["sides"] for one in members[group["group"], side][:MEMBERS]]
    examples = [*groups, *(one for kind in ("exact", "near", "contradictions") for one in found[kind]["examples"])]
    names = _names(services, {image_id for one in examples for image_id in one["images"]})
    for one in examples:
        one["names"] = [names.get(image_id, "") for image_id in one["images"]]


def _names(services: Services, ids: Iterable[str]) -> dict[str, str]:
    with services.db.connect() as db:
        return {image.id: image.name for image in images.many(db, sorted(ids))}
