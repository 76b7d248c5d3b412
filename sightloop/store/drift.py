"""Reports of drift, kept for ever, and the answers of the live version that they are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, false, func, insert, or_, select

from sightloop.core.entities import Json
from sightloop.core.errors import Missing
from sightloop.core.ids import new_id
from sightloop.store import rows
from sightloop.store.database import now
from sightloop.store.loop_tables import drift_reports
from sightloop.store.tables import images, predictions

BROUGHT: Final = ("import", "biosight")  # where pictures come from that nobody took in use
ROW: Final = ("id", "version_id", "at", "since", "until", "n", "p", "kind", "alarm")


@dataclass(frozen=True)
class Arrival:
    """A picture with the present answer of a version; `group` is its own id where it has none yet."""

    id: str
    sha256: str
    group: str
    uploaded_by: str | None
    created_at: float
    quality: Json
    predicted: str
    confidence: float
    probabilities: Json
    off_domain: float | None
    figures: Json | None


def arrivals(db: Connection, project_id: str, *, version_id: str, since: float, limit: int) -> list[Arrival]:
    """The newest pictures stored after a time that the version answered, newest first.

    Without imported ones, and without those that came with their label: nobody took them in use.
    """
    c, p = images.c, predictions.c
    said = p.predicted, p.confidence, p.probabilities, p.off_domain, p.figures
    group = func.coalesce(c.group_id, c.id)
    query = select(c.id, c.sha256, group, c.uploaded_by, c.created_at, c.quality, *said)
    query = query.join(predictions, p.id == c.prediction_id).where(*_came(project_id, version_id, since))
    found = db.execute(query.order_by(c.created_at.desc(), c.id.desc()).limit(limit))
    return [rows.read(Arrival, row) for row in found]


def arrived(db: Connection, project_id: str, *, version_id: str, since: float) -> int:
    """How many there are of those."""
    query = select(func.count()).select_from(images).where(*_came(project_id, version_id, since))
    return int(db.execute(query).scalar_one())


def add(db: Connection, project_id: str, report: Json) -> Json:
    """Keep a report that has what a row has but its id and time; returns it with both."""
    report = report | {"id": new_id(), "at": now(db)}
    values = {name: report[name] for name in ROW}
    db.execute(insert(drift_reports).values(values | {"project_id": project_id, "report": report}))
    return report


def get(db: Connection, project_id: str, report_id: str) -> Json:
    """A report whole; raises Missing."""
    c = drift_reports.c
    found = db.execute(select(c.report).where(c.project_id == project_id, c.id == report_id)).scalar_one_or_none()
    if found is None:
        raise Missing(f"no drift report {report_id!r} in this project.")
    return dict(found)


def newest(db: Connection, project_id: str, *, version_id: str | None = None) -> Json | None:
    """The newest report, of one version or of any; None where there is none."""
    c = drift_reports.c
    query = select(c.report).where(c.project_id == project_id)
    query = query if version_id is None else query.where(c.version_id == version_id)
    found = db.execute(query.order_by(c.at.desc(), c.id.desc()).limit(1)).scalar_one_or_none()
    return None if found is None else dict(found)


def timeline(db: Connection, project_id: str, *, limit: int) -> list[Json]:
    """What the rows of the newest reports say, oldest first: {id, version_id, at, since, until, n, p, kind, alarm}."""
    c = drift_reports.c
    query = select(*(c[name] for name in ROW)).where(c.project_id == project_id)
    found = db.execute(query.order_by(c.at.desc(), c.id.desc()).limit(limit)).mappings()
    return [dict(row) for row in found][::-1]


def recent(db: Connection, project_id: str, *, version_id: str, since: float) -> list[Json]:
    """Whole reports of a version after a time, newest first."""
    c = drift_reports.c
    query = select(c.report).where(c.project_id == project_id, c.version_id == version_id, c.at > since)
    return [dict(found) for found in db.execute(query.order_by(c.at.desc(), c.id.desc())).scalars()]


def latest(db: Connection) -> dict[str, Json]:
    """The newest report of every project: project id → report."""
    c = drift_reports.c
    last = select(c.project_id, func.max(c.at).label("at")).group_by(c.project_id).subquery()
    query = select(c.project_id, c.report).join(last, and_(c.project_id == last.c.project_id, c.at == last.c.at))
    return {row.project_id: dict(row.report) for row in db.execute(query)}


def present(db: Connection, image_ids: Sequence[str]) -> set[str]:
    """Which of these pictures are still there, outside the trash and readable."""
    found: set[str] = set()
    c = images.c
    for piece in rows.chunks(list(image_ids)):
        found |= set(
            db.execute(select(c.id).where(c.id.in_(piece), c.status == "ready", c.trashed == false())).scalars()
        )
    return found


def _came(project_id: str, version_id: str, since: float) -> tuple[ColumnElement[bool], ...]:
    c = images.c
    brought = or_(c.source.in_(BROUGHT), and_(c.action.is_not(None), c.action == "import"))
    here = c.project_id == project_id, c.trashed == false(), c.created_at > since
    return *here, c.status == "ready", c.version_id == version_id, ~brought
