"""Labels that somebody is asked for: which pictures, why, whether they judge, and when they were answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Integer, and_, cast, delete, false, func, insert, select, update

from sightloop.core.entities import Json
from sightloop.store import rows
from sightloop.store.loop_tables import wanted
from sightloop.store.tables import images

Kind = Literal["random", "shifted"]


@dataclass(frozen=True)
class Asked:
    """A picture whose label is asked for; `judges` says that it never teaches, `report_id` which report asked."""

    image_id: str
    at: float
    kind: Kind
    judges: bool
    report_id: str | None
    answered_at: float | None


@dataclass(frozen=True)
class Question(Asked):
    """One with what people see of it: its name, and what a person said, if anybody has."""

    name: str
    label: str | None


def add(db: Connection, project_id: str, asked: Sequence[Asked]) -> None:
    """Ask for the labels of pictures that are not asked for yet."""
    if asked:
        db.execute(insert(wanted), [rows.values(one) | {"project_id": project_id} for one in asked])


def known(db: Connection, image_ids: Sequence[str]) -> set[str]:
    """Which of these pictures are asked for, answered or not."""
    found: set[str] = set()
    for piece in rows.chunks(image_ids):
        found |= set(db.execute(select(wanted.c.image_id).where(wanted.c.image_id.in_(piece))).scalars())
    return found


def questions(db: Connection, project_id: str, *, limit: int) -> list[Question]:
    """Those whose picture is there, open ones first (the newest asked first), then the newest answered."""
    names = (*(wanted.c[name] for name in Asked.__dataclass_fields__), images.c.name, images.c.label)
    c = wanted.c
    query = select(*names).join(images, images.c.id == c.image_id).where(*_there(project_id))
    order = c.answered_at.is_not(None), c.answered_at.desc(), c.at.desc(), c.image_id
    return [Question(*row) for row in db.execute(query.order_by(*order).limit(limit))]


def open(db: Connection, project_id: str) -> list[Asked]:  # noqa: A001
    """The questions that nobody has answered yet, by picture; those about pictures in the trash too."""
    query = select(*rows.columns(wanted, Asked)).where(wanted.c.project_id == project_id)
    return [rows.read(Asked, row) for row in db.execute(query.where(wanted.c.answered_at.is_(None)))]


def answered(db: Connection, project_id: str, *, kind: Kind | None = None, report_id: str | None = None) -> list[Asked]:
    """The questions that people answered and whose picture is there, the oldest first; of one kind or one report."""
    c = wanted.c
    query = select(*rows.columns(wanted, Asked)).join(images, images.c.id == c.image_id).where(*_there(project_id))
    query = query.where(c.answered_at.is_not(None), *([c.kind == kind] if kind else []))
    query = query.where(*([c.report_id == report_id] if report_id else []))
    return [rows.read(Asked, row) for row in db.execute(query.order_by(c.answered_at, c.image_id))]


def judging(db: Connection, project_id: str) -> set[str]:
    """The pictures that judge, answered or not."""
    c = wanted.c
    return set(db.execute(select(c.image_id).where(c.project_id == project_id, c.judges)).scalars())


def counts(db: Connection, project_id: str) -> Json:
    """How many pictures that are there are asked for.

    Returns:
        {"random": {asked, answered, judging, judging_answered}, "shifted": {the same}, "report_id": of the newest
        question, or None}.
    """
    c = wanted.c
    done = c.answered_at.is_not(None)
    figures = func.count(), _number(done), _number(c.judges), _number(and_(c.judges, done))
    query = select(c.kind, *figures).join(images, images.c.id == c.image_id).where(*_there(project_id))
    found = {row[0]: [int(value) for value in row[1:]] for row in db.execute(query.group_by(c.kind))}
    names = ("asked", "answered", "judging", "judging_answered")
    told = {kind: dict(zip(names, found.get(kind, [0] * 4), strict=True)) for kind in ("random", "shifted")}
    newest = select(c.report_id).where(c.project_id == project_id, c.report_id.is_not(None)).order_by(c.at.desc())
    return {**told, "report_id": db.execute(newest.limit(1)).scalar()}


def settle(db: Connection, image_ids: Iterable[str], *, at: float) -> None:
    """People have said what these pictures show; the first answer counts."""
    _set(db, image_ids, wanted.c.answered_at.is_(None), answered_at=at)


def reopen(db: Connection, image_ids: Iterable[str]) -> None:
    """What people said of these pictures was taken back."""
    _set(db, image_ids, wanted.c.answered_at.is_not(None), answered_at=None)


def remove(db: Connection, image_ids: Iterable[str]) -> None:
    """Ask no more for these pictures."""
    for piece in rows.chunks(image_ids):
        db.execute(delete(wanted).where(wanted.c.image_id.in_(piece)))


def askable(db: Connection, project_id: str) -> dict[str, str]:
    """Ready pictures without a human word in groups that nobody was asked about: image id → group."""
    c = images.c
    group = func.coalesce(c.group_id, c.id)
    other = images.alias()
    asked = select(func.coalesce(other.c.group_id, other.c.id)).join(wanted, wanted.c.image_id == other.c.id)
    mine = c.project_id == project_id, c.status == "ready", c.trashed == false(), c.label.is_(None)
    query = select(c.id, group).where(*mine, group.not_in(asked.where(wanted.c.project_id == project_id)))
    return {row[0]: row[1] for row in db.execute(query.order_by(c.id))}


def _there(project_id: str) -> tuple[ColumnElement[bool], ...]:
    return wanted.c.project_id == project_id, images.c.status == "ready", images.c.trashed == false()


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(cast(condition, Integer)), 0)


def _set(db: Connection, image_ids: Iterable[str], which: ColumnElement[bool], *, answered_at: float | None) -> None:
    for piece in rows.chunks(image_ids):
        db.execute(update(wanted).where(wanted.c.image_id.in_(piece), which).values(answered_at=answered_at))
