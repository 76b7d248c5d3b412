"""What came in since the last check of the live version, and in the last 30 days: what a check would test."""

from __future__ import annotations

from dataclasses import dataclass

from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.flows import drift_window, members
from sightloop.measure.drift import LEAST
from sightloop.store import drift, projects
from sightloop.store.database import Connection, now
from sightloop.store.drift import Arrival

DAY = 86_400.0
MONTH, WEEK = 30 * DAY, 7 * DAY
READ = 20_000  # newest arrivals that are looked at


@dataclass(frozen=True)
class Waiting:
    """What came in since the last check of a version, and in the last 30 days, newest first, one of each group."""

    version: ModelVersion
    last: Json | None
    since: float
    now: float
    came: int
    window: list[Arrival]
    month: list[Arrival] | None

    @property
    def enough(self) -> bool:
        """Whether a window can be tested."""
        return len(self.window) >= LEAST

    @property
    def next_at(self) -> float:
        """When the day is over that a decision is made for."""
        return self.last["at"] + DAY if self.last else self.now

    @property
    def sentence(self) -> str:
        """Why nothing is tested where too little came in."""
        copies = f" ({self.came} with near copies and what one person sent too much of)"
        beside = copies if self.came > len(self.window) else ""
        return f"Nothing tested: {len(self.window)} pictures came in since the last check{beside}, {LEAST} are needed."


def may_be_enough(db: Connection, project: Project) -> bool:
    """Whether a day is over since the last check, and as many pictures came in as a window needs, copies counted."""
    version = members.live(db, project)
    if version is None:
        return False
    last = drift.newest(db, project.id, version_id=version.id)
    if last and last["at"] + DAY > now(db):
        return False
    since = last["until"] if last else version.created_at
    return drift.arrived(db, project.id, version_id=version.id, since=since) >= LEAST


def waiting(db: Connection, project: Project) -> Waiting | str:
    """What there is to test; a sentence where no version is live."""
    version = members.live(db, project)
    if version is None:
        return f"Project {project.name!r} has no live model yet: there is nothing to compare with."
    at = now(db)
    last = drift.newest(db, project.id, version_id=version.id)
    since = last["until"] if last else version.created_at
    tested = drift.recent(db, project.id, version_id=version.id, since=at - WEEK)
    slow = not any(one["cumulative"] for one in tested)
    begin = max(version.created_at, at - MONTH)
    found = drift.arrivals(db, project.id, version_id=version.id, since=min(since, begin), limit=READ)
    roles = {user.id: role for user, role in projects.members(db, project.id)}
    came = [one for one in found if one.created_at > since]
    month = [one for one in found if one.created_at > begin]
    return Waiting(
        version=version,
        last=last,
        since=since,
        now=at,
        came=len(came),
        window=drift_window.balanced(drift_window.apart(came), roles)[: drift_window.MOST],
        month=drift_window.spread(drift_window.balanced(drift_window.apart(month), roles)) if slow else None,
    )
