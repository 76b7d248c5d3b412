"""Counts of images, kept beside every change of an image so that nobody has to count them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Select, Text, cast, delete, false, func, insert, literal, select

from sightloop.core.entities import Image, Json
from sightloop.core.errors import Conflict
from sightloop.store import rows
from sightloop.store.tables import images, tallies

SEPARATOR: Final = "\t"
Counts = Counter[tuple[str, str]]


def of(image: Image, *, tab: str, issues: Iterable[str]) -> list[tuple[str, str]]:
    """The (facet, key) pairs that one image adds one to."""
    if image.trashed_at is not None:
        return [("trashed", "")]
    found = [("tab", tab), ("status", image.status), ("site", image.site or "")]
    found += [("issue", issue) for issue in issues]
    found += [(name, "") for name in ("verified", "corrected") if getattr(image, name)]
    if image.width is not None and image.height is not None:
        found += [("width", str(image.width)), ("height", str(image.height))]
    if image.shown is not None:
        found.append(("class", SEPARATOR.join((image.shown, image.side, image.source))))
    if image.label is not None:
        found.append(("label", SEPARATOR.join((image.label, image.side, image.status))))
    return found


def add(db: Connection, project_id: str, changes: Counts) -> None:
    """Add `changes` (some negative) to a project's tallies; call it in the transaction of the change."""
    named = [(facet, key, n) for (facet, key), n in sorted(changes.items()) if n]
    if not named:
        return
    statement = rows.insert_or(db, tallies)
    same = [tallies.c.project_id, tallies.c.facet, tallies.c.key]
    statement = statement.on_conflict_do_update(index_elements=same, set_={"n": tallies.c.n + statement.excluded.n})
    db.execute(statement, [{"project_id": project_id, "facet": facet, "key": key, "n": n} for facet, key, n in named])
    if min(changes.values()) < 0:
        db.execute(delete(tallies).where(tallies.c.project_id == project_id, tallies.c.n == 0))


def summary(db: Connection, project_id: str) -> Json:
    """All counts of a project, ready for JSON.

    Returns:
        images, trashed, verified, corrected: int; tabs, status, sites, issues: {name: n};
        widths, heights: {pixels: n}; classes: [{class, side, source, n}]; labels: [{class, side, status, n}].
    """
    facets = _read(db, project_id)
    return {
        "images": sum(facets["status"].values()),
        "trashed": facets["trashed"].get("", 0),
        "verified": facets["verified"].get("", 0),
        "corrected": facets["corrected"].get("", 0),
        "tabs": facets["tab"],
        "status": facets["status"],
        "sites": facets["site"],
        "issues": facets["issue"],
        "widths": {int(key): n for key, n in facets["width"].items()},
        "heights": {int(key): n for key, n in facets["height"].items()},
        "classes": _split(facets["class"], "source"),
        "labels": _split(facets["label"], "status"),
    }


def rebuild(db: Connection, project_id: str) -> None:
    """Count everything anew, for repairs and for changes of all rows at once."""
    counted = _recount(db, project_id)
    db.execute(delete(tallies).where(tallies.c.project_id == project_id))
    if counted:
        values = [{"project_id": project_id, "facet": it[0], "key": it[1], "n": n} for it, n in counted.items()]
        db.execute(insert(tallies), values)


def verify(db: Connection, project_id: str) -> None:
    """Raise Conflict, naming the difference, unless the tallies equal a recount."""
    kept = {(facet, key): n for facet, keys in _read(db, project_id).items() for key, n in keys.items()}
    counted = dict(_recount(db, project_id))
    if kept != counted:
        wrong = sorted(set(kept.items()) ^ set(counted.items()))[:5]
        raise Conflict(f"tallies of project {project_id} differ from a recount: {wrong}.", hint="Run check --repair.")


def _read(db: Connection, project_id: str) -> dict[str, dict[str, int]]:
    """{facet: {key: n}}, keys in order. One row per facet: a row per count costs 1 ms for each thousand of them."""
    c = tallies.c
    gather = func.json_object_agg if db.dialect.name == "postgresql" else func.json_group_object
    query = select(c.facet, cast(gather(c.key, c.n), Text)).where(c.project_id == project_id).group_by(c.facet)
    found = {facet: dict(sorted(json.loads(counts).items())) for facet, counts in db.execute(query)}
    return defaultdict(dict, found)


def _split(counts: dict[str, int], last: str) -> list[Json]:
    split = [(*key.rsplit(SEPARATOR, 2), n) for key, n in counts.items()]
    return [{"class": name, "side": side, last: other, "n": n} for name, side, other, n in split]


def _recount(db: Connection, project_id: str) -> Counts:
    counts: Counts = Counter()
    for facet, query in _queries().items():
        mine = query.where(images.c.project_id == project_id)
        shown = mine.where(images.c.trashed) if facet == "trashed" else mine.where(images.c.trashed == false())
        for *key, n in db.execute(shown):
            if facet == "issue":
                counts.update({(facet, issue): n for issue in key[0].strip(",").split(",")})
            else:
                counts[facet, SEPARATOR.join(str("" if part is None else part) for part in key)] += n
    return +counts


def _queries() -> dict[str, Select[Any]]:
    c = images.c

    def by(*columns: Any) -> Select[Any]:
        return select(*columns, func.count()).group_by(*columns)

    sized = c.width.is_not(None) & c.height.is_not(None)
    return {
        "trashed": select(literal(""), func.count()),
        "verified": select(literal(""), func.count()).where(c.verified),
        "corrected": select(literal(""), func.count()).where(c.corrected),
        "tab": by(c.tab),
        "status": by(c.status),
        "site": by(c.site),
        "issue": by(c.issues).where(c.issues != ""),
        "width": by(c.width).where(sized),
        "height": by(c.height).where(sized),
        "class": by(c.shown, c.side, c.source).where(c.shown.is_not(None)),
        "label": by(c.label, c.side, c.status).where(c.label.is_not(None)),
    }
