"""The snapshots of a project: what each holds, what differs between two, and each as a file."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from sightloop.core.entities import Json, Project, Snapshot, User
from sightloop.core.splits import SIDES
from sightloop.flows import manifests
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import contributions, snapshots, versions
from sightloop.store.database import Connection

Form = Literal["jsonl", "csv"]
PREVIOUS = "previous"
SHOWN = 24  # examples of each kind of difference
COLUMNS = ("image_id", "sha256", "label", "side", "group", "leaked", "certifies", "weight", "mask")

Rows = Mapping[str, Json]  # by image id


def listing(services: Services, *, user: User, project: str) -> list[Json]:
    """Every snapshot of a project, the newest first.

    Each is {id, hash, at, by_name, n, counts, held_back, waiting, new, versions}: `counts` are pictures per side and
    class, `held_back` how many new labels of whom were left out by the cap on one person's share, `waiting` how many
    corrections of whom wait for a second opinion, `new` {n, share, weight} the pictures that the live version of then
    had not learnt (`share` of the training weight, 0..1; None where nothing was live), `versions` the numbers of those
    made of it.

    Raises:
        Missing, Forbidden: no such project, or the role is too low.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        found = snapshots.all(db, target.id)
        made = versions.all(db, target.id)
        names = contributions.names(db, _people(found))
    numbers = {one.id: sorted(version.number for version in made if version.snapshot_id == one.id) for one in found}
    return [_told(one, names) | {"versions": numbers[one.id]} for one in found]


def diff(services: Services, *, user: User, project: str, snapshot_id: str, against: str = PREVIOUS) -> Json:
    """What differs between a snapshot and an earlier one, by picture.

    Args:
        against: the id of another snapshot of the project, or "previous": the one before it, nothing for the first.

    Returns:
        {snapshot_id, against, before, after, added, removed, relabelled, moved, per_class, examples, sentence}: counts
        of pictures in all and per difference (`moved` ones are on another side now), rows {class, before, after}, and
        at most 24 pictures of each: ids of added and removed ones, {image_id, before, after} of relabelled ones.

    Raises:
        Missing, Forbidden: no such project or snapshot, or the role is too low.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        newer, older = _pair(db, target, snapshot_id, against)
    before, after = (_by_image(services, one) for one in (older, newer))
    both = sorted(before.keys() & after.keys())
    added, removed = sorted(after.keys() - before.keys()), sorted(before.keys() - after.keys())
    relabelled = [one for one in both if _word(before[one]) != _word(after[one])]
    moved = sum(before[one]["side"] != after[one]["side"] for one in both)
    words = [{"image_id": one, "before": before[one]["label"], "after": after[one]["label"]} for one in relabelled]
    counts = {"added": len(added), "removed": len(removed), "relabelled": len(relabelled), "moved": moved}
    return {
        "snapshot_id": newer.id,
        "against": older.id if older else None,
        "before": len(before),
        "after": len(after),
        **counts,
        "per_class": _per_class(before.values(), after.values()),
        "examples": {"added": added[:SHOWN], "removed": removed[:SHOWN], "relabelled": words[:SHOWN]},
        "sentence": _sentence(counts, older, before=len(before), after=len(after)),
    }


def export(services: Services, *, user: User, project: str, snapshot_id: str, form: Form = "jsonl") -> bytes:
    """A snapshot as a file: JSON Lines, the very bytes that its hash is of, or CSV with a head.

    Raises:
        Missing, Forbidden: no such project or snapshot, or the role is too low.
    """
    target = project_for(services, user=user, name=project, action="export")
    with services.db.connect() as db:
        taken = snapshots.of(db, target.id, snapshot_id)
    if form == "jsonl":
        return services.blobs.get(taken.hash)
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for row in manifests.read(services, taken):
        table.writerow({name: json.dumps(one) if isinstance(one, bool) else one for name, one in row.items()})
    return out.getvalue().encode()


def _people(found: Iterable[Snapshot]) -> set[str]:
    """The ids of those who took the snapshots, and of whom something was left out."""
    held = {name for one in found for kind in ("held_back", "waiting") for name in one.counts.get(kind, {})}
    return held | {one.created_by for one in found if one.created_by}


def _told(one: Snapshot, names: Mapping[str, str]) -> Json:
    sides = {side: one.counts.get(side, {}) for side in SIDES}
    return {
        "id": one.id,
        "hash": one.hash,
        "at": one.created_at,
        "by_name": names.get(one.created_by or ""),
        "n": sum(sum(classes.values()) for classes in sides.values()),
        "counts": sides,
        "held_back": _named(one.counts.get("held_back", {}), names),
        "waiting": _named(one.counts.get("waiting", {}), names),
        "new": one.counts.get("new"),
    }


def _named(counts: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    """The counts by people's names; those of one name are added up."""
    found: Counter[str] = Counter()
    for person, n in counts.items():
        found[names.get(person, person)] += n
    return dict(sorted(found.items()))


def _pair(db: Connection, project: Project, snapshot_id: str, against: str) -> tuple[Snapshot, Snapshot | None]:
    newer = snapshots.of(db, project.id, snapshot_id)
    if against != PREVIOUS:
        return newer, snapshots.of(db, project.id, against)
    return newer, next((one for one in snapshots.all(db, project.id) if one.created_at < newer.created_at), None)


def _by_image(services: Services, taken: Snapshot | None) -> dict[str, Json]:
    return {row["image_id"]: row for row in manifests.read(services, taken)} if taken else {}


def _word(row: Json) -> tuple[str, str | None]:
    return row["label"], row.get("mask")


def _per_class(before: Iterable[Json], after: Iterable[Json]) -> list[Json]:
    was, now = (Counter(row["label"] for row in rows) for rows in (before, after))
    return [{"class": name, "before": was[name], "after": now[name]} for name in sorted(was | now)]


def _sentence(counts: Mapping[str, int], older: Snapshot | None, *, before: int, after: int) -> str:
    if older is None:
        return f"The first snapshot, of {after} pictures."
    since = datetime.fromtimestamp(older.created_at, UTC).strftime("%Y-%m-%d %H:%M")
    words = {"added": "added", "removed": "removed", "relabelled": "relabelled", "moved": "moved to another side"}
    told = [f"{counts[kind]} {word}" for kind, word in words.items() if counts[kind]]
    if not told:
        return f"The same {after} pictures and labels as in the snapshot of {since} UTC."
    return f"{_joined(told)} since the snapshot of {since} UTC: {after} pictures now, {before} then."


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
