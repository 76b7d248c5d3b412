"""Choose the pictures that are most worth a person's look next."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sightloop.core.entities import Image, Project, User
from sightloop.flows.access import project_for
from sightloop.flows.filtering import check_limit
from sightloop.flows.likeness import READY, comparable
from sightloop.flows.services import Services
from sightloop.measure import choosing
from sightloop.store import doubts, filtering, images, labelled, wanted
from sightloop.store.database import Connection
from sightloop.store.filtering import Outline

By = Literal["uncertain", "unusual", "diverse", "disagreement", "wanted"]
MAX_REVIEW = 500
POOL = 2000  # the least sure, among which the different ones are sought
CENTRES = 1000  # verified pictures from which these must differ
DOUBTED = "somebody was not satisfied"
NOTHING_LEFT = "Every picture has been verified."
ALONE = "There is no other answered picture to compare with."
NO_MASKS = "Only projects that segment compare masks of people with the model's."
AGREED = "Every mask that a person drew is the model's too, or no model has answered yet."
NOT_ASKED = "No label is asked for at the moment."
ASKED = {"random": "asked for, drawn at random", "shifted": "asked for, because it is unlike what was learnt from"}
NO_PICTURES = "There are no pictures to review; upload some."


@dataclass(frozen=True)
class Candidate:
    """A picture, how much it is worth a look (0..2), and why."""

    image: Image
    score: float
    why: str


@dataclass(frozen=True)
class Review:
    """What to look at first; of `total` ready pictures `verified` are done and `remaining` are not."""

    items: list[Candidate]
    by: By
    remaining: int
    verified: int
    total: int
    reason: str | None


@dataclass(frozen=True)
class _Choice:
    """Ids with their scores, best first; `reason` says why there is none."""

    scores: dict[str, float]
    reason: str | None = None


def review(
    services: Services, *, user: User, project: str, by: By = "uncertain", limit: int = 60, seed: int = 0
) -> Review:
    """The pictures to look at next, in an order that depends on the pictures, what was said of them, and `seed` alone.

    Doubted pictures come first. Then "uncertain" takes the least sure answers, "unusual" the pictures least like the
    others, "diverse" among the least sure those least like what was verified and like one another. "disagreement" looks
    again at labelled pictures: where a person's mask and the model's overlap least. "wanted" takes only the pictures
    whose labels are asked for and not given yet, whatever they are asked for, in a random order.
    """
    check_limit(limit, most=MAX_REVIEW)
    target = project_for(services, user=user, name=project, action="label")
    if by == "wanted":
        return _wanted(services, target, limit=limit, seed=seed)
    with services.db.connect() as db:
        ready = filtering.outlines(db, target.id, filters=READY)
        first = doubts.standing(db, target.id)[:limit]
        doubted = set(first)
        rest = [one for one in ready if not one.verified and one.id not in doubted]
        if by == "disagreement":
            again = {one.id for one in ready if one.verified and one.id not in doubted}
            chosen = _disagreed(db, target, among=again, limit=limit - len(first))
        else:
            chosen = _choose(db, target, by=by, ready=ready, rest=rest, limit=limit - len(first), seed=seed)
        found = images.many(db, [*first, *chosen.scores])
    items = [_candidate(one, by=by, score=chosen.scores.get(one.id)) for one in found]
    verified = sum(one.verified for one in ready)
    nothing_left = None if by == "disagreement" else _reason(ready, rest)
    reason = None if items else nothing_left or chosen.reason or ALONE
    return Review(items, by, len(ready) - verified, verified, len(ready), reason)


def _wanted(services: Services, project: Project, *, limit: int, seed: int) -> Review:
    """The open questions in an order that depends on their pictures and `seed` alone."""
    with services.db.connect() as db:
        ready = filtering.outlines(db, project.id, filters=READY)
        here = {one.id for one in ready if not one.verified}
        kinds = {one.image_id: one.kind for one in wanted.open(db, project.id) if one.image_id in here}
        found = images.many(db, sorted(kinds, key=lambda name: _drawn(name, seed))[:limit])
    items = [Candidate(one, 1.0, ASKED[kinds[one.id]]) for one in found]
    verified = len(ready) - len(here)
    return Review(items, "wanted", len(here), verified, len(ready), None if items else NOT_ASKED)


def _drawn(image_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"wanted:{seed}:{image_id}".encode()).digest()


def _choose(
    db: Connection,
    project: Project,
    *,
    by: By,
    ready: Sequence[Outline],
    rest: Sequence[Outline],
    limit: int,
    seed: int,
) -> _Choice:
    if limit < 1 or not rest:
        return _Choice({})
    if by == "unusual":
        return _unusual(db, project, ready=ready, rest=rest, limit=limit, seed=seed)
    if by == "diverse":
        return _diverse(db, project, ready=ready, rest=rest, limit=limit, seed=seed)
    return _Choice(_least_sure(rest, limit=limit, seed=seed))


def _least_sure(rest: Sequence[Outline], *, limit: int, seed: int) -> dict[str, float]:
    ids = [one.id for one in rest]
    scores = choosing.uncertainty(np.array([one.surety for one in rest], np.float64))
    return {ids[row]: float(scores[row]) for row in choosing.best_first(scores, ids, most=limit, seed=seed)}


def _unusual(
    db: Connection, project: Project, *, ready: Sequence[Outline], rest: Sequence[Outline], limit: int, seed: int
) -> _Choice:
    found = comparable(db, project, ready)
    waiting = {one.id for one in rest}
    asked = np.array([row for row, name in enumerate(found.ids) if name in waiting], np.int64)
    drawn = choosing.sample(len(found.ids), most=choosing.references(len(asked)), seed=seed)
    near = choosing.nearness(found.vectors, found.groups, asked=asked, references=drawn)
    ids = [found.ids[row] for row in asked]
    best = choosing.best_first(1 - near, ids, most=limit, seed=seed)
    return _Choice({ids[row]: float(1 - near[row]) for row in best}, found.reason)


def _diverse(
    db: Connection, project: Project, *, ready: Sequence[Outline], rest: Sequence[Outline], limit: int, seed: int
) -> _Choice:
    unsure = _least_sure(rest, limit=max(POOL, limit), seed=seed)
    place = {one.id: one for one in rest}
    pool = comparable(db, project, [place[name] for name in unsure])
    verified = [one for one in ready if one.verified]
    drawn = choosing.sample(len(verified), most=CENTRES, seed=seed)
    centres = comparable(db, project, [verified[row] for row in drawn])
    picked, distances = choosing.farthest_first(pool.vectors, centres=centres.vectors, count=limit)
    return _Choice({pool.ids[row]: float(far) for row, far in zip(picked, distances, strict=True)}, pool.reason)


def _disagreed(db: Connection, project: Project, *, among: AbstractSet[str], limit: int) -> _Choice:
    """Of these labelled pictures those whose two masks overlap least, in that order."""
    if project.task != "segment":
        return _Choice({}, NO_MASKS)
    found = [(name, 1 - dice) for name, dice in labelled.disagreeing(db, project.id).items() if name in among]
    return _Choice(dict(found[:limit]), AGREED)


def _candidate(image: Image, *, by: By, score: float | None) -> Candidate:
    if score is None:
        return Candidate(image, 1.0, DOUBTED)
    if by == "disagreement":
        return Candidate(image, score, f"the person's mask and the model's overlap by {1 - score:.2f} of 1 (Dice)")
    if by == "diverse" and score >= choosing.FARTHEST:
        return Candidate(image, score, "nothing is verified yet, and the model is least sure of this one")
    if by != "uncertain":
        others = "the other pictures" if by == "unusual" else "those verified or listed before it"
        return Candidate(image, score, f"unlike {others}: the nearest are {max(0.0, 1 - score):.2f} of 1 alike")
    if image.confidence is None:
        return Candidate(image, score, "no model has answered it yet")
    if image.certainty is not None:
        return Candidate(image, score, f"the model expects {image.certainty:.2f} of 1 of its own mask (Dice)")
    return Candidate(image, score, f"the model is {image.confidence:.0%} sure that it is {image.predicted}")


def _reason(ready: Sequence[Outline], rest: Sequence[Outline]) -> str | None:
    if not ready:
        return NO_PICTURES
    return None if rest else NOTHING_LEFT
