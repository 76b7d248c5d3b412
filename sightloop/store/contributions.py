"""Who said what: names of people, who of them is below maintainer, and which of their words others share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, select

from sightloop.core.permissions import RANKS
from sightloop.store import rows
from sightloop.store.tables import images, labels, members, predictions, users

LIKELIEST: Final = 2  # classes of an answer that are near enough to a person's word


@dataclass(frozen=True)
class Given:
    """A picture's word: by whom, how, and what the model said of it (None: nothing yet)."""

    image_id: str
    label: str
    by: str | None
    action: str | None
    predicted: str | None

    @property
    def correction(self) -> bool:
        """Whether somebody said by hand something else than the model."""
        return self.action == "correct" and self.predicted is not None and self.label != self.predicted


def given(db: Connection, image_ids: Sequence[str]) -> dict[str, Given]:
    """The words of labelled pictures, by image id."""
    c, found = images.c, list[Given]()
    query = select(c.id, c.label, c.labelled_by, c.action, c.predicted).where(c.label.is_not(None))
    for piece in rows.chunks(image_ids):
        found += [rows.read(Given, row) for row in db.execute(query.where(c.id.in_(piece)))]
    return {one.image_id: one for one in found}


def names(db: Connection, user_ids: Collection[str]) -> dict[str, str]:
    """The names of accounts by their ids."""
    found: dict[str, str] = {}
    for piece in rows.chunks(user_ids):
        query = select(users.c.id, users.c.name).where(users.c.id.in_(piece))
        found |= {row.id: row.name for row in db.execute(query)}
    return found


def below_maintainer(db: Connection, project_id: str, user_ids: Collection[str]) -> set[str]:
    """Which of these accounts are neither admins nor maintainers of the project; who has no account is none of them."""
    mine = and_(members.c.user_id == users.c.id, members.c.project_id == project_id)
    query = select(users.c.id, users.c.role, members.c.role).select_from(users.outerjoin(members, mine))
    found: set[str] = set()
    for piece in rows.chunks(user_ids):
        for user_id, role, here in db.execute(query.where(users.c.id.in_(piece))):
            trusted = role == "admin" or (here is not None and RANKS[here] >= RANKS["maintainer"])
            found |= set() if trusted else {user_id}
    return found


def seconded(db: Connection, words: Mapping[str, Given]) -> set[str]:
    """The pictures of which the latest word of somebody else is the same."""
    c = labels.c
    said: dict[tuple[str, str], str | None] = {}
    for piece in rows.chunks(words):
        query = select(c.image_id, c.by, c.value).where(c.image_id.in_(piece), c.by.is_not(None))
        for image_id, by, value in db.execute(query.order_by(c.created_at, c.id)):
            said[image_id, by] = value
    others = {(image_id, value) for (image_id, by), value in said.items() if by != words[image_id].by}
    return {one.image_id for one in words.values() if (one.image_id, one.label) in others}


def likely(db: Connection, words: Mapping[str, Given], *, version_id: str) -> set[str]:
    """The pictures whose word is among the two likeliest of the newest answer: that version's where it gave any."""
    c = predictions.c
    newest: dict[str, tuple[bool, float, Mapping[str, float]]] = {}
    for piece in rows.chunks(words):
        query = select(c.image_id, c.version_id, c.created_at, c.probabilities).where(c.image_id.in_(piece))
        for image_id, version, at, probabilities in db.execute(query):
            answer = (version == version_id, at, probabilities)
            newest[image_id] = max(newest.get(image_id, answer), answer, key=lambda one: one[:2])
    return {image_id for image_id, (_, _, said) in newest.items() if words[image_id].label in _likeliest(said)}


def _likeliest(probabilities: Mapping[str, float]) -> list[str]:
    return sorted(probabilities, key=lambda name: -probabilities[name])[:LIKELIEST]
