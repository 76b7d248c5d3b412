"""What is counted to decide whether a project learns again: alarms, labels from where they came, and challengers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from sightloop.core.entities import UNKNOWN, ModelVersion
from sightloop.store import rows, versions
from sightloop.store.drift import BROUGHT
from sightloop.store.loop_tables import drift_reports, wanted
from sightloop.store.registry_tables import runs
from sightloop.store.registry_tables import versions as version_rows
from sightloop.store.tables import images, labels, promotions

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
    mine = wanted.c.project_id == project_id, wanted.c.answered_at.is_not(None)
    asked = select(wanted.c.image_id).where(*mine, wanted.c.report_id == found.id)
    told = asked.union(_told_since(project_id, found.since))
    brought = or_(c.source.in_(BROUGHT), and_(c.action.is_not(None), c.action == "import"))
    region = or_(c.id.in_(asked), and_(c.created_at > found.since, ~brought))
    return _count(db, c.id.in_(told), c.verified, region)


def corrected(db: Connection, project_id: str, *, since: float | None, drawn: bool) -> dict[str, int]:
    """How many pictures people corrected after a time (None: ever), by the class that they said.

    Args:
        drawn: count masks that people drew otherwise than the model, instead of words.
    """
    c = images.c
    wrong = and_(c.action == "correct", or_(c.agreement.is_(None), c.agreement < 1)) if drawn else c.corrected
    mine = [c.project_id == project_id]
    if since is not None:
        mine = [c.id.in_(_told_since(project_id, since)), c.labelled_at > since]
    query = select(c.label, func.count()).where(*mine, *_said(), wrong).group_by(c.label)
    return {row[0]: int(row[1]) for row in db.execute(query)}


def judging_since(db: Connection, project_id: str, *, since: float) -> int:
    """How many pictures that judge got a label after a time: of the test side, and of those drawn to judge."""
    c = images.c
    drawn = select(wanted.c.image_id).where(wanted.c.project_id == project_id, wanted.c.judges)
    told = c.id.in_(_told_since(project_id, since)), c.labelled_at > since
    return _count(db, *told, or_(c.side == "test", c.id.in_(drawn)))


def challenger(db: Connection, project_id: str) -> ModelVersion | None:
    """The newest version, where a training made it that is done, and it has never been live.

    What was live and was replaced challenges nobody, nor does what people brought: that goes live by hand only.
    """
    c, was, made = version_rows.c, promotions.c, runs.c
    newest = select(c.id).where(c.project_id == project_id).order_by(c.number.desc()).limit(1)
    trained = exists().where(made.version_id == c.id, made.kind == "training", made.state == "done")
    lived = exists().where(was.version_id == c.id)
    found = db.execute(select(c.id).where(c.id == newest.scalar_subquery(), trained, ~lived)).scalar_one_or_none()
    return None if found is None else versions.by_id(db, found)


def _told_since(project_id: str, since: float) -> Select[tuple[str]]:
    """The pictures that people said something of after a time.

    What is read of these alone is not asked for its project again, for SQLite would read all of the project for that.
    """
    return select(labels.c.image_id).where(labels.c.project_id == project_id, labels.c.created_at > since)


def _said() -> tuple[ColumnElement[bool], ...]:
    c = images.c
    return ~c.trashed, c.status == "ready", c.label != UNKNOWN


def _count(db: Connection, *conditions: ColumnElement[bool]) -> int:
    return int(db.execute(select(func.count()).select_from(images).where(*conditions, *_said())).scalar_one())
