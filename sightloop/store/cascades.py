"""What the database knows of cascades: the pictures that certify them, and what they answered since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, cast, false, func, select

from sightloop.core import splits
from sightloop.store.tables import images, predictions

FAST = "fast"
ROUTES = (FAST, "accurate", "human")  # in the order of Traffic's counts


@dataclass(frozen=True)
class Certifying:
    """A labelled picture that certifies; `group` is its own id where it has none yet."""

    id: str
    group: str


@dataclass(frozen=True)
class Traffic:
    """How many pictures each route answered; of the fast ones how many were audited, and of these disagreed."""

    fast: int = 0
    accurate: int = 0
    human: int = 0
    audited: int = 0
    disagreed: int = 0

    @property
    def answers(self) -> int:
        return self.fast + self.accurate + self.human


def certifying(db: Connection, project_id: str, words: Sequence[str]) -> list[Certifying]:
    """The pictures on the calibration side, labelled with one of these words, whose groups certify."""
    c, first = images.c, images.alias("first")
    group = func.coalesce(c.group_id, c.id)
    mine = c.project_id == project_id, c.trashed == false(), c.status == "ready", c.side == "calibration"
    query = select(c.id, group, func.coalesce(first.c.sha256, group))
    query = query.select_from(images.outerjoin(first, first.c.id == group))
    found = db.execute(query.where(*mine, c.label.in_(list(words))).order_by(c.id))
    return [Certifying(one, of) for one, of, drawn_from in found if splits.certifies(drawn_from)]


def first_members(db: Connection, project_id: str) -> dict[str, str]:
    """The SHA-256 of the first picture of each group with pictures on the calibration side, by the group's id.

    A group whose first picture was purged is missing.
    """
    c, first = images.c, images.alias("first")
    joined = images.join(first, first.c.id == func.coalesce(c.group_id, c.id))
    query = select(first.c.id, first.c.sha256).select_from(joined).distinct()
    return {row[0]: row[1] for row in db.execute(query.where(c.project_id == project_id, c.side == "calibration"))}


def traffic(db: Connection, project_id: str, version_id: str, *, since: float) -> Traffic:
    """What the version said of the pictures that came in `since`; each picture counts once, however often it was asked.

    Pictures from before a model was made may have taught it: asked again, they would praise it.
    """
    said, came = predictions.c, images.c
    audit = said.figures["audit"].as_string()
    audited = func.max(cast(audit.is_not(None), Integer)).label("audited")
    disagreed = func.max(func.coalesce(cast(audit != said.predicted, Integer), 0)).label("disagreed")
    each = (
        select(said.route, audited, disagreed)
        .join(images, came.id == said.image_id)
        .where(came.project_id == project_id, came.trashed == false(), came.created_at >= since)
        .where(said.version_id == version_id, said.route.in_(ROUTES))
        .group_by(said.image_id, said.route)
        .subquery()
    )
    summed = func.sum(each.c.audited), func.sum(each.c.disagreed)
    rows = {
        row.route: row for row in db.execute(select(each.c.route, func.count().label("n"), *summed).group_by("route"))
    }
    counts = {route: int(rows[route].n) if route in rows else 0 for route in ROUTES}
    checked = map(int, rows[FAST][2:]) if FAST in rows else (0, 0)
    return Traffic(*counts.values(), *checked)
