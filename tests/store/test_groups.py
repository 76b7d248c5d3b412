"""Groups: near-duplicates stay together on one side for ever, and nothing that trains is near what judges."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sightloop.core.entities import Image, Project, Side
from sightloop.core.splits import side_of
from sightloop.store import groups, images
from sightloop.store.database import Database
from sightloop.store.groups import Newcomer
from tests.store import builders

RATIOS = (0.7, 0.1, 0.2)
LOOK = 0x0F0F_F0F0_1234_5678


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db)


def place(database: Database, project: Project, name: str, phash: int, **more: Any) -> groups.Place:
    """Where a newcomer lands."""
    newcomer = Newcomer(image_id=name, sha256=name, phash=f"{phash:016x}", **more)
    with database.begin() as db:
        return groups.assign(db, newcomer, project_id=project.id, ratios=RATIOS)


def flipped(phash: int, bits: int) -> int:
    """`phash` with its lowest `bits` bits turned."""
    return phash ^ ((1 << bits) - 1)


def test_the_first_picture_leads_its_group_on_the_drawn_side(database: Database, project: Project) -> None:
    assert place(database, project, "a", LOOK) == groups.Place("a", side_of("a", RATIOS))


def test_six_different_bits_are_near_and_seven_are_not(database: Database, project: Project) -> None:
    place(database, project, "a", LOOK)
    assert place(database, project, "b", flipped(LOOK, 6)).group_id == "a"
    assert place(database, project, "c", flipped(LOOK, 7)).group_id == "c"


def test_pictures_do_not_chain_through_members(database: Database, project: Project) -> None:
    place(database, project, "a", LOOK)
    assert place(database, project, "b", flipped(LOOK, 5)).group_id == "a"
    assert place(database, project, "c", flipped(LOOK, 10)).group_id == "c"


def test_pictures_of_one_site_are_one_group(database: Database, project: Project) -> None:
    first = place(database, project, "a", LOOK, site="eye 7")
    second = place(database, project, "b", ~LOOK & (2**64 - 1), site="eye 7")
    assert second == groups.Place("a", first.side)


def test_a_burst_is_one_group_but_only_at_one_site(database: Database, project: Project) -> None:
    far = ~LOOK & (2**64 - 1)
    place(database, project, "a", LOOK, captured_at=100.0)
    assert place(database, project, "b", far, captured_at=109.0).group_id == "a"
    assert place(database, project, "c", far ^ 0xFFFF, captured_at=111.0).group_id == "c"
    assert place(database, project, "d", far ^ 0xFFFF00, captured_at=100.0, site="other").group_id == "d"


def test_a_picture_that_bridges_two_sides_neither_teaches_nor_judges(database: Database, project: Project) -> None:
    place(database, project, "a", LOOK, own_side="train")
    place(database, project, "b", ~LOOK & (2**64 - 1), site="s", own_side="test")
    bridge = place(database, project, "c", flipped(LOOK, 1), site="s")
    assert bridge == groups.Place("a", "none", near=True)


@pytest.mark.parametrize(
    ("leader", "own", "side"),
    [
        ("train", "test", "test"),
        ("train", "calibration", "calibration"),
        ("test", "train", "none"),
        ("test", "calibration", "none"),
        ("test", "test", "test"),
    ],
)
def test_a_published_side_is_kept_unless_it_would_teach_the_judge(
    database: Database, project: Project, leader: Side, own: Side, side: Side
) -> None:
    place(database, project, "a", LOOK, own_side=leader)
    assert place(database, project, "b", flipped(LOOK, 2), own_side=own).side == side


def test_a_rolled_back_group_never_was(database: Database, project: Project) -> None:
    with pytest.raises(ZeroDivisionError):
        assign_and_fail(database, project)
    assert place(database, project, "b", LOOK).group_id == "b"


def assign_and_fail(database: Database, project: Project) -> None:
    """Make a group in a transaction that is rolled back."""
    with database.begin() as db:
        groups.assign(db, Newcomer("a", "a", f"{LOOK:016x}"), project_id=project.id)
        raise ZeroDivisionError


def test_groups_of_another_process_are_seen(database: Database, project: Project) -> None:
    place(database, project, "a", LOOK)
    other = Database(database.url.render_as_string(hide_password=False))
    place(other, project, "b", ~LOOK & (2**64 - 1))
    other.close()
    assert place(database, project, "c", flipped(~LOOK & (2**64 - 1), 3)).group_id == "b"


def test_near_duplicates_that_arrive_at_once_meet_in_one_group(database: Database, project: Project) -> None:
    found: list[str] = []

    def arrive(number: int) -> None:
        found.append(place(database, project, f"p{number}", flipped(LOOK, number % 4)).group_id)

    threads = [threading.Thread(target=arrive, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 1


def test_thousands_of_leaders_are_told_apart(database: Database, project: Project) -> None:
    looks = [int(builders.facts(number).phash, 16) for number in range(3000)]
    with database.begin() as db:
        for number, look in enumerate(looks):
            groups.assign(db, Newcomer(str(number), str(number), f"{look:016x}"), project_id=project.id)
    assert place(database, project, "x", flipped(looks[2500], 6)).group_id == "2500"


def imported(database: Database, project: Project, number: int, side: Side, *, pixels: int, phash: int = LOOK) -> Image:
    """A picture of a data set with its own split."""
    with database.begin() as db:
        image, _ = images.add(db, builders.image(project.id, number, side=side, source="import"))
        return images.apply_facts(db, image, builders.facts(pixels, phash=phash))


def test_an_exact_copy_of_a_judge_never_teaches(database: Database, project: Project) -> None:
    imported(database, project, 1, "test", pixels=1)
    copy = imported(database, project, 2, "train", pixels=1)
    assert (copy.status, copy.side) == ("duplicate", "none")


def test_a_published_judge_stays_one_though_a_near_copy_teaches(database: Database, project: Project) -> None:
    imported(database, project, 1, "train", pixels=1)
    judge = imported(database, project, 2, "test", pixels=2, phash=flipped(LOOK, 1))
    assert (judge.side, judge.quality["issues"]) == ("test", ["near_duplicate"])


def test_a_place_once_taken_is_never_left(database: Database, project: Project) -> None:
    before = imported(database, project, 1, "calibration", pixels=1)
    with database.begin() as db:
        after = images.apply_facts(db, before, builders.facts(1, phash=~LOOK & (2**64 - 1)))
    assert (after.group_id, after.side) == (before.group_id, before.side)
