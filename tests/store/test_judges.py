"""Pictures that judge: no near copy of one teaches, whenever it comes; and the way back."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from sightloop.core.entities import Image, Project, Side
from sightloop.core.splits import side_of
from sightloop.store import images, judges
from sightloop.store.database import Database
from sightloop.store.groups import NEAR
from tests.store import builders

LOOK = 0x0F0F_F0F0_1234_5678


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db)


def keep(database: Database, project: Project, number: int | str, phash: int, *, site: str | None = None) -> Image:
    """A ready picture in the group and on the side that its look gives it."""
    with database.begin() as db:
        image, _ = images.add(db, builders.image(project.id, number, site=site))
        return images.apply_facts(db, image, builders.facts(number, phash=phash))


def flipped(phash: int, bits: int) -> int:
    """`phash` with its lowest `bits` bits turned."""
    return phash ^ ((1 << bits) - 1)


def sides(database: Database, *found: Image) -> list[Side]:
    with database.connect() as db:
        there = {one.id: one.side for one in images.many(db, [one.id for one in found])}
    return [there[one.id] for one in found]


def appoint(database: Database, *candidates: Image, taught: frozenset[str] = frozenset()) -> set[str]:
    with database.begin() as db:
        now = images.many(db, [one.id for one in candidates])
        return judges.appoint(db, now, taught=taught, by=None)


def release(database: Database, project: Project, *gone: Image, remaining: frozenset[str] = frozenset()) -> None:
    with database.begin() as db:
        judges.release(db, project, [one.id for one in gone], remaining=remaining, since=0.5, by=None)


def test_about_every_second_content_judges_and_always_the_same() -> None:
    drawn = [judges.judges_by_content(hashlib.sha256(str(number).encode()).hexdigest()) for number in range(2000)]
    assert 900 < sum(drawn) < 1100
    assert drawn == [judges.judges_by_content(hashlib.sha256(str(n).encode()).hexdigest()) for n in range(2000)]


def test_a_judge_and_its_group_leave_their_side(database: Database, project: Project) -> None:
    first, near = keep(database, project, 1, LOOK), keep(database, project, 2, flipped(LOOK, 4))
    far = keep(database, project, 3, ~LOOK & (2**64 - 1))
    assert sides(database, first, near) == [side_of(first.sha256)] * 2
    assert appoint(database, near) == {near.id}
    assert sides(database, first, near, far) == ["none", "none", side_of(far.sha256)]


def test_a_copy_that_comes_later_is_on_no_side_either_though_only_the_judge_is_near(
    database: Database, project: Project
) -> None:
    first, judge = keep(database, project, 1, LOOK), keep(database, project, 2, flipped(LOOK, 6))
    assert judge.group_id == first.id
    appoint(database, judge)
    copy = keep(database, project, 3, flipped(LOOK, 11))  # near to the judge, not to the leader of its group
    assert sides(database, copy) == ["none"]


def test_a_picture_whose_kin_somebody_labelled_does_not_judge(database: Database, project: Project) -> None:
    first, near = keep(database, project, 1, LOOK), keep(database, project, 2, flipped(LOOK, 3))
    with database.begin() as db:
        images.relabel(db, first, value="ant", action="correct", by=None)
    assert appoint(database, near) == set()
    assert sides(database, near) == [side_of(first.sha256)]


def test_a_picture_whose_group_taught_a_version_does_not_judge(database: Database, project: Project) -> None:
    first, near = keep(database, project, 1, LOOK), keep(database, project, 2, flipped(LOOK, 3))
    assert appoint(database, near, taught=frozenset({first.id})) == set()


def test_of_two_near_copies_one_judges(database: Database, project: Project) -> None:
    first, near = keep(database, project, 1, LOOK), keep(database, project, 2, flipped(LOOK, 3))
    assert appoint(database, first, near) == {first.id}
    assert appoint(database, near) == set()


def test_what_no_longer_judges_goes_back_with_its_kin(database: Database, project: Project) -> None:
    first, near = keep(database, project, 1, LOOK), keep(database, project, 2, flipped(LOOK, 5))
    before = sides(database, first, near)
    appoint(database, near)
    late = keep(database, project, 3, flipped(LOOK, 10))
    release(database, project, near)
    assert sides(database, first, near) == before
    assert "none" not in sides(database, late)
    assert sides(database, keep(database, project, 4, flipped(LOOK, 1))) == before[:1]


def test_a_release_leaves_the_kin_of_those_that_still_judge(database: Database, project: Project) -> None:
    one, other = keep(database, project, 1, LOOK), keep(database, project, 2, ~LOOK & (2**64 - 1))
    assert appoint(database, one, other) == {one.id, other.id}
    release(database, project, one, remaining=frozenset({other.id}))
    assert sides(database, one, other) == [side_of(one.sha256), "none"]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_comes_before_and_after_no_near_copy_of_a_judge_teaches_tunes_or_tests(
    database: Database, project: Project, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    looks = [int(one) for one in rng.integers(0, 2**63, 4)]

    def some(start: int) -> dict[str, tuple[Image, int]]:
        made = {}
        for number in range(start, start + 25):
            look = looks[rng.integers(4)] ^ sum(1 << int(bit) for bit in set(rng.integers(0, 16, rng.integers(0, 6))))
            site = "eye" if rng.integers(8) == 0 else None
            image = keep(database, project, f"{seed} {number}", look, site=site)
            made[image.id] = image, look
        return made

    early = some(0)
    chosen = appoint(database, *(image for image, _ in early.values() if rng.random() < 0.3))
    every = early | some(100)
    judging = [look for name, (_, look) in every.items() if name in chosen]
    near = [image for image, look in every.values() if any((look ^ one).bit_count() <= NEAR for one in judging)]
    assert chosen
    assert chosen <= {image.id for image in near}
    assert set(sides(database, *near)) == {"none"}
