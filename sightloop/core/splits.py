"""Which side a group of near-duplicates is on, for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar, get_args

from sightloop.core.entities import Side
from sightloop.core.errors import Rejected

SIDES: tuple[Side, ...] = ("train", "calibration", "test")
DEFAULT_RATIOS = (0.7, 0.1, 0.2)
CASCADE_RATIOS = (0.5, 0.3, 0.2)

T = TypeVar("T")


def side_of(first_member: str, ratios: tuple[float, float, float] = DEFAULT_RATIOS) -> Side:
    """The side drawn from the hash of a group's first member; the same words give the same side for ever.

    Args:
        first_member: the SHA-256 of the group's first picture.
        ratios: shares of train, calibration and test, each 0..1, together 1.
    """
    check_ratios(ratios)
    draw = int.from_bytes(hashlib.sha256(f"side:{first_member}".encode()).digest()[:8], "big") / 2**64
    if draw < ratios[0]:
        return "train"
    return "calibration" if draw < ratios[0] + ratios[1] else "test"


def certifies(first_member: str) -> bool:
    """Whether a group on the calibration side certifies cascades instead of tuning models: half of them do, for ever.

    Drawn from content as `side_of` is, so that the same pictures certify wherever and whenever they are imported.

    Args:
        first_member: the SHA-256 of the group's first picture; the group's id where that picture is gone for good.
    """
    return hashlib.sha256(f"certifies:{first_member}".encode()).digest()[0] % 2 == 0


def one_of_each(items: Iterable[T], group: Callable[[T], str]) -> list[T]:
    """The first of each group of near copies, in the order given: copies are no evidence of their own."""
    found: dict[str, T] = {}
    for one in items:
        found.setdefault(group(one), one)
    return list(found.values())


def join(sides: Iterable[Side]) -> Side:
    """The side of a picture that belongs to several groups: theirs where they agree, else "none".

    A picture that would bridge two sides never teaches and never judges.
    """
    found = set(sides)
    if not found <= set(get_args(Side)):
        raise Rejected(f"unknown side in {sorted(found)}.", hint="Use train, calibration, test or none.")
    return found.pop() if len(found) == 1 else "none"


def check_ratios(ratios: tuple[float, float, float]) -> None:
    """Raise Rejected unless `ratios` are three shares that add up to 1."""
    if min(ratios) < 0 or not abs(sum(ratios) - 1) <= 1e-6:
        raise Rejected(f"split ratios {ratios} do not add up to 1.", hint="For example 0.7, 0.1, 0.2.")
