"""What a project's tabs would show under another confidence floor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, and_, case, false, func, select

from sightloop.store.answers import resorted
from sightloop.store.tables import images


def preview(db: Connection, project_id: str, *, floor: float, classes: Sequence[str]) -> tuple[dict[str, int], int]:
    """Pictures per tab as `answers.refloor` with the same arguments would leave them, and how many change their tab."""
    c = images.c
    shown, concerned = resorted(db, project_id, floor=floor, classes=classes)
    moves = and_(concerned, c.status.in_(["pending", "ready"]))
    after = case((moves, shown), else_=c.tab)
    query = select(c.tab, after.label("after"), func.count()).where(c.project_id == project_id, c.trashed == false())
    counts: Counter[str] = Counter()
    moved = 0
    for before, tab, n in db.execute(query.group_by(c.tab, "after")):
        counts[tab] += n
        moved += n if before != tab else 0
    return dict(sorted(counts.items())), moved
