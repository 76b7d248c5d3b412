"""What is counted to decide whether a project learns again: alarms, labels from where they came, and challengers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from sightloop.core.entities import UNKNOWN, ModelVersion
from sightloop.store import rows, versions
from sightloop.store.drift import BROUGHT
from sightloop.store.loop_tables import drift_reports, wanted
from sightloop.store.registry_tables import versions as version_rows
from sightloop.store.tables import images, promotions

ALARMS = "covariate", "strangers"  # kinds that only labels can tell the meaning of


@dataclass(frozen=True)
class Alarm:
    """A drift report that alarmed, about the pictures that came in after `since`."""

    id: str
    since: float
    at: float
    kind: str


def alarm(db: Connection, project_id: str, *, version_id: str) -> Alarm | None:
    """The newest alarm about a version that only labels can tell the meaning of; None where there is none."""
    c = drift_reports.c
    mine = c.project_id == project_id, c.version_id == version_id, c.alarm, c.kind.in_(ALARMS)
    query = select(c.id, c.since, c.at, c.kind).where(*mine).order_by(c.at.desc(), c.id.desc()).limit(1)
    row = db.execute(query).one_or_none()
    return None if row is None else rows.read(Alarm, row)


def labelled_in(db: Connection, project_id: str, found: Alarm) -> int:
    """How many verified pictures are from what an alarm was about: asked for by it, or come in use since it began."""
    c = images.c
    asked = select(wanted.c.image_id).where(wanted.c.report_id == found.id, wanted.c.answered_at.is_not(None))
    brought = or_(c.source.in_(BROUGHT), and_(c.action.is_not(None), c.action == "import"))
    region = or_(c.id.in_(asked), and_(c.created_at > found.since, ~brought))
    return _count(db, *_said(project_id), c.verified, region)


def corrected(db: Connection, project_id: str, *, since: float | None, drawn: bool) -> dict[str, int]:
    """How many pictures people corrected after a time (None: ever), by the class that they said.

    Args:
        drawn: count masks that people drew otherwise than the model, instead of words.
    """
    c = images.c
    wrong = and_(c.action == "correct", or_(c.agreement.is_(None), c.agreement < 1)) if drawn else c.corrected
    later = [] if since is None else [c.labelled_at > since]
    query = select(c.label, func.count()).where(*_said(project_id), wrong, *later).group_by(c.label)
    return {row[0]: int(row[1]) for row in db.execute(query)}


def judging_since(db: Connection, project_id: str, *, since: float) -> int:
    """How many pictures that judge got a label after a time: of the test side, and of those drawn to judge."""
    c = images.c
    drawn = select(wanted.c.image_id).where(wanted.c.project_id == project_id, wanted.c.judges)
    return _count(db, *_said(project_id), c.labelled_at > since, or_(c.side == "test", c.id.in_(drawn)))


def challenger(db: Connection, project_id: str) -> ModelVersion | None:
    """The newest version, where it has never been live; what was live and was replaced challenges nobody."""
    c = version_rows.c
    newest = select(c.id).where(c.project_id == project_id).order_by(c.number.desc()).limit(1)
    found = db.execute(newest).scalar_one_or_none()
    was = promotions.c
    if found is None or db.execute(select(was.seq).where(was.version_id == found).limit(1)).first():
        return None
    return versions.by_id(db, found)


def _said(project_id: str) -> tuple[ColumnElement[bool], ...]:
    c = images.c
    return c.project_id == project_id, ~c.trashed, c.status == "ready", c.label != UNKNOWN


def _count(db: Connection, *conditions: ColumnElement[bool]) -> int:
    return int(db.execute(select(func.count()).select_from(images).where(*conditions)).scalar_one())
