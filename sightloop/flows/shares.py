"""Which of the new labels a training takes, and how much each weighs beside what the live version learnt."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sightloop.core.entities import Json, Project, Side
from sightloop.flows.services import Services
from sightloop.store import contributions
from sightloop.store.contributions import Given

LEARNT: tuple[Side, ...] = ("train", "calibration")
SHARE, MOST_SHARE = 0.3, 0.5  # of the training weight, that new pictures have
HEAVIEST, LIGHTEST = 3.0, 1 / 3  # what one new picture weighs
LARGEST, CONTRIBUTORS = 0.2, 5  # of the new pictures, from one person, where so many below maintainer gave some


@dataclass(frozen=True)
class Taken:
    """The rows that a training takes; `held_back` and `waiting` count new labels left out, by the user's id.

    `new` is {n, share, weight}: new pictures on the training side, their share of its weight (0..1), and what each
    weighs; None where nothing was learnt before.
    """

    rows: list[Json]
    held_back: dict[str, int]
    waiting: dict[str, int]
    new: Json | None


def take(services: Services, project: Project, rows: Sequence[Json], *, learnt: Sequence[Json] | None) -> Taken:
    """Take of `rows` what may teach, and weigh it.

    A picture is new where the live version's snapshot (`learnt`) has it not, or with another word. Of new ones a
    reviewer's correction waits for a second opinion where the project wants one, and nobody gives more than a fifth
    where at least five people below maintainer gave some; which ones stay is drawn from their content. Pictures that
    judge are all taken. New ones on the training side then weigh so much that they are `new_share` of it.

    Args:
        learnt: None where no version is live: then nothing is new.
    """
    if learnt is None:
        return Taken(list(rows), {}, {}, None)
    known = {_word(row) for row in learnt if row["side"] in LEARNT}
    fresh = [row for row in rows if row["side"] in LEARNT and _word(row) not in known]
    with services.db.connect() as db:
        words = contributions.given(db, [row["image_id"] for row in fresh])
        below = contributions.below_maintainer(db, project.id, {one.by for one in words.values() if one.by})
        unsure = {one for one, word in words.items() if word.correction and word.by in below}
        if not unsure or project.settings.get("second_opinion") is not True or project.task != "classify":
            waiting: set[str] = set()
        else:
            said = {one: words[one] for one in unsure}
            backed = contributions.seconded(db, said)
            waiting = unsure - backed - contributions.likely(db, said, version_id=project.live_version_id or "")
    held = _beyond([row for row in fresh if row["image_id"] not in waiting], words, below)
    left = [row for row in rows if row["image_id"] not in waiting | held]
    weighed, new = _weighed(left, {row["image_id"] for row in fresh}, share=project.settings.get("new_share", SHARE))
    return Taken(weighed, _people(held, words), _people(waiting, words), new)


def warnings(services: Services, taken: Taken) -> list[str]:
    """What was left out, and of whom, in sentences."""
    with services.db.connect() as db:
        names = contributions.names(db, {*taken.held_back, *taken.waiting})
    held = [
        f"{n} new label(s) of {names.get(person, person)} are held back: one person gives at most {LARGEST:.0%}"
        for person, n in taken.held_back.items()
    ]
    waiting = [
        f"{n} correction(s) of {names.get(person, person)} wait for a second opinion"
        for person, n in taken.waiting.items()
    ]
    return [*held, *waiting]


def weight_of(old: int, new: int, *, share: float) -> float:
    """What each of `new` pictures weighs beside `old` ones of weight 1, so that they are `share` (0..1) of all weight.

    Never more than 3, and less than 1 only as far as more than half of the weight would be theirs, never below a third.
    """
    if not old or not new:
        return 1.0
    wanted, most = min(share, MOST_SHARE), MOST_SHARE
    weight = max(wanted / (1 - wanted) * old / new, min(1.0, most / (1 - most) * old / new))
    return round(min(max(weight, LIGHTEST), HEAVIEST), 4)


def most_of_one(given: Collection[int], others: int) -> int:
    """The largest number of pictures that one person may give, and then have given at most a fifth of all.

    Args:
        given: how many each of those gave who are held to it; at least five.
        others: how many pictures come from elsewhere.
    """
    limit = max(given)
    while limit > 1 and limit > LARGEST * (others + sum(min(one, limit) for one in given)):
        limit -= 1
    return limit


def _word(row: Json) -> tuple[str, str, str | None]:
    return row["image_id"], row["label"], row.get("mask")


def _beyond(fresh: Sequence[Json], words: Mapping[str, Given], below: set[str]) -> set[str]:
    """The pictures that are more than one person's share."""
    by_person: dict[str, list[Json]] = {}
    for row in fresh:
        word = words.get(row["image_id"])
        if word and word.by in below:
            by_person.setdefault(word.by or "", []).append(row)
    if len(by_person) < CONTRIBUTORS:
        return set()
    counts = [len(mine) for mine in by_person.values()]
    limit = most_of_one(counts, len(fresh) - sum(counts))
    return {row["image_id"] for mine in by_person.values() for row in sorted(mine, key=_draw)[limit:]}


def _draw(row: Json) -> bytes:
    return hashlib.sha256(f"share:{row['sha256']}".encode()).digest()


def _weighed(rows: Sequence[Json], fresh: Collection[str], *, share: float) -> tuple[list[Json], Json]:
    teaching = [row for row in rows if row["side"] == "train"]
    new = sum(row["image_id"] in fresh for row in teaching)
    old = len(teaching) - new
    weight = weight_of(old, new, share=share)
    heavy = {row["image_id"] for row in teaching if row["image_id"] in fresh} if weight != 1 else set()
    weighed = [{**row, "weight": weight} if row["image_id"] in heavy else row for row in rows]
    total = old + weight * new
    return weighed, {"n": new, "share": round(weight * new / total, 4) if total else 0.0, "weight": weight}


def _people(pictures: Collection[str], words: Mapping[str, Given]) -> dict[str, int]:
    return dict(sorted(Counter(words[one].by or "" for one in pictures).items()))
