"""Which of the pictures that came in are tested: one of each group of near copies, nobody's alone, not too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

from sightloop.core.entities import Role
from sightloop.core.splits import one_of_each
from sightloop.store.drift import Arrival

MOST = 2000
SHARE = 0.3  # of one contributor
CONTRIBUTORS = 5  # below maintainer, from which on nobody may give more than that
TRUSTED: tuple[Role, ...] = ("maintainer", "admin")

T = TypeVar("T")


def apart(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """The first of each group of near copies, in the order given."""
    return one_of_each(arrivals, lambda one: one.group)


def balanced(arrivals: Sequence[Arrival], roles: Mapping[str, Role]) -> list[Arrival]:
    """At most three tenths from one person, where at least five below maintainer gave some; the first of each stay.

    Args:
        roles: of the project's members; whoever is none of them counts as below maintainer.
    """
    given = Counter(one.uploaded_by or "" for one in arrivals)
    below = [name for name in given if name and roles.get(name) not in TRUSTED]
    if len(below) < CONTRIBUTORS:
        return list(arrivals)
    limit = _limit(list(given.values()))
    left = dict.fromkeys(given, limit)
    kept = []
    for one in arrivals:
        if left[one.uploaded_by or ""] > 0:
            left[one.uploaded_by or ""] -= 1
            kept.append(one)
    return kept


def spread(found: Sequence[T], most: int = MOST) -> list[T]:
    """At most so many, evenly over the order given."""
    if len(found) <= most:
        return list(found)
    return [found[at * len(found) // most] for at in range(most)]


def _limit(given: Sequence[int]) -> int:
    """How many pictures are at most a share of all that then are left."""
    total = sum(given)
    while True:
        limit = max(1, int(SHARE * total))
        left = sum(min(count, limit) for count in given)
        if left == total:
            return limit
        total = left
