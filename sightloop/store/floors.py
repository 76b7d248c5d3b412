"""What a project's tabs would show under another confidence floor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, and_, case, false, func, select

from sightloop.core.entities import UNKNOWN
from sightloop.store.answers import OFF_DOMAIN
from sightloop.store.tables import images


def preview(db: Connection, project_id: str, *, floor: float, classes: Sequence[str]) -> tuple[dict[str, int], int]:
    """Pictures per tab as `answers.refloor` with the same arguments would leave them, and how many change their tab."""
    c = images.c
    sure = and_(c.confidence >= floor, c.predicted.in_(list(classes)), func.coalesce(c.reason, "") != OFF_DOMAIN)
    shown = case((sure, c.predicted), else_=UNKNOWN)
    judged = and_(c.label.is_(None), c.predicted.is_not(None), c.confidence.is_not(None))
    moves = and_(judged, c.shown != shown, c.status.in_(["pending", "ready"]))
    after = case((moves, shown), else_=c.tab)
    query = select(c.tab, after.label("after"), func.count()).where(c.project_id == project_id, c.trashed == false())
    counts: Counter[str] = Counter()
    moved = 0
    for before, tab, n in db.execute(query.group_by(c.tab, "after")):
        counts[tab] += n
        moved += n if before != tab else 0
    return dict(sorted(counts.items())), moved
