"""Pictures that judge models by a label somebody is asked for: they, and every near copy, never teach.

A judge and its kin (its group, and what looks nearly like it) are on no side; so is every copy that comes later,
because the judge leads beside its group's leader. Who judges is told by `judges_by_content`, not by order.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from sightloop.core import splits
from sightloop.core.entities import Image, Json, Project, Side
from sightloop.store import changes, groups, rows
from sightloop.store.changes import Change
from sightloop.store.tables import events, images, labels

MOVED = "wanted"  # the event of a picture that left its side
WITHDRAWN = "withdrawn"  # that of one which left it because it leaked


def judges_by_content(sha256: str) -> bool:
    """Whether a picture asked for at random is to judge: every second one is, for ever."""
    return hashlib.sha256(f"judges:{sha256}".encode()).digest()[0] % 2 == 0


def appoint(db: Connection, candidates: Sequence[Image], *, taught: AbstractSet[str], by: str | None) -> set[str]:
    """Take pictures of one project, and their kin, off their sides, so that they may judge; returns which may.

    Those may not that are on no side already, and those whose kin somebody has labelled, or whose group has `taught`.

    Args:
        candidates: as they are now, read in this transaction.
        taught: ids of groups that a version learnt from.
    """
    if not candidates:
        return set()
    looks = _Looks.of(db, candidates[0].project_id)
    kin = {one.id: looks.kin(one) for one in candidates}
    spoken = _spoken(db, set().union(*kin.values()))
    chosen: list[Image] = []
    moved: dict[str, str] = {}
    for one in candidates:
        free = one.side != "none" and one.group_id is not None and one.phash and one.id not in moved
        if free and not spoken & kin[one.id] and not taught & looks.groups_of(kin[one.id]):
            chosen.append(one)
            moved |= dict.fromkeys(kin[one.id], one.id)
    _withdraw(db, chosen, moved, by=by)
    return {one.id for one in chosen}


def release(
    db: Connection, project: Project, ids: Iterable[str], *, remaining: AbstractSet[str], since: float, by: str | None
) -> None:
    """Put pictures that no longer judge, and their kin, where they were; but for the kin of those that `remain`.

    Args:
        since: when the first of them was asked for; what came after that stands where it would if it came now.
    """
    looks = _Looks.of(db, project.id)
    there = changes.current(db, {*ids, *remaining}, project_id=project.id)
    kept = {other for name in remaining if name in there for other in looks.kin(there[name])}
    gone = [there[name] for name in ids if name in there]
    kin = {other for one in gone for other in looks.kin(one)} - kept
    was = _former(db, kin)
    leaders = changes.current(db, {one.group_id for one in gone if one.group_id} - looks.groups_of(kept))
    sides = {name: was.get(name) or splits.side_of(one.sha256, _ratios(project)) for name, one in leaders.items()}
    led = {one.id: sides[one.group_id] for one in gone if one.group_id in sides and one.id not in kept}
    groups.turn(db, project.id, led | sides)
    again = _Again(project, groups.Placing(db, project_id=project.id, ratios=_ratios(project)), since)
    back = [(one, was.get(name) or again.side(one)) for name, one in changes.current(db, kin).items()]
    changes.save(db, [_moved(one, side, by=by) for one, side in back if one.side != side])


@dataclass(frozen=True)
class _Looks:
    """Every picture of a project with a perceptual hash: ids, groups, and (n,) hashes in the same order."""

    ids: list[str]
    groups: dict[str, str | None]
    members: Mapping[str, list[str]]
    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, db: Connection, project_id: str) -> _Looks:
        c = images.c
        query = select(c.id, c.group_id, c.phash).where(c.project_id == project_id, c.phash.is_not(None))
        found = db.execute(query.order_by(c.id)).all()
        members: dict[str, list[str]] = defaultdict(list)
        for row in found:
            if row.group_id is not None:
                members[row.group_id].append(row.id)
        hashes = np.array([int(row.phash, 16) for row in found], np.uint64)
        return cls([row.id for row in found], {row.id: row.group_id for row in found}, members, hashes)

    def kin(self, image: Image) -> set[str]:
        """The picture, its group, and what looks nearly like it, exact copies included."""
        found = {image.id, *self.members.get(image.group_id or "", ())}
        if image.phash is None:
            return found
        return found | {self.ids[int(at)] for at in groups.near_copies(self.hashes, int(image.phash, 16))}

    def groups_of(self, ids: Iterable[str]) -> set[str]:
        """The groups of these pictures."""
        return {group for name in ids if (group := self.groups.get(name)) is not None}


def _spoken(db: Connection, ids: AbstractSet[str]) -> set[str]:
    """Which of these pictures a person has ever said something of."""
    found: set[str] = set()
    for piece in rows.chunks(sorted(ids)):
        found |= set(db.execute(select(labels.c.image_id).where(labels.c.image_id.in_(piece))).scalars())
    return found


def _withdraw(db: Connection, chosen: Sequence[Image], moved: Mapping[str, str], *, by: str | None) -> None:
    if not chosen:
        return
    project_id = chosen[0].project_id
    groups.turn(db, project_id, {one.group_id: "none" for one in chosen if one.group_id})
    groups.lead(db, project_id, {one.id: one.phash for one in chosen if one.phash}, side="none")
    there = changes.current(db, moved)
    changes.save(db, [_moved(one, "none", by=by, judge=moved[one.id]) for one in there.values() if one.side != "none"])


def _moved(image: Image, side: Side, *, by: str | None, judge: str | None = None) -> Change:
    detail = {"from": image.side, "to": side} | ({"judge": judge} if judge else {})
    return Change(image, replace(image, side=side), MOVED, by, detail)


def _former(db: Connection, ids: AbstractSet[str]) -> dict[str, Side]:
    """The side of those that a judge took off it last; "none" of those that left it since because they leaked."""
    last: dict[str, tuple[str, Json]] = {}
    c = events.c
    query = select(c.image_id, c.kind, c.detail).where(c.kind.in_((MOVED, WITHDRAWN))).order_by(c.seq)
    for piece in rows.chunks(sorted(ids)):
        last |= {row.image_id: (row.kind, row.detail) for row in db.execute(query.where(c.image_id.in_(piece)))}
    return {
        name: told["from"] if kind == MOVED else "none" for name, (kind, told) in last.items() if told["to"] == "none"
    }


@dataclass(frozen=True)
class _Again:
    """Where pictures that came after a time, and are on no side, would stand if they came now."""

    project: Project
    placing: groups.Placing
    since: float

    def side(self, image: Image) -> Side:
        came = image.created_at >= self.since and image.side == "none"
        if not came or image.status != "ready" or image.phash is None:
            return image.side
        site = image.site if self.project.settings.get("group_by_site", True) else None
        newcomer = groups.Newcomer(image.id, image.sha256, image.phash, site=site, captured_at=image.captured_at)
        return self.placing.side_again(newcomer)


def _ratios(project: Project) -> tuple[float, float, float]:
    train, calibration, test = project.settings.get("ratios", splits.DEFAULT_RATIOS)
    return train, calibration, test
