"""Questions for labels: what is open, when it was answered, and where judges and their near copies stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from sightloop.core.entities import Image, Project
from sightloop.store import changes, groups, images, judges, wanted
from sightloop.store.database import Database
from sightloop.store.tables import events
from sightloop.store.wanted import Asked, Kind
from tests.store import builders

LOOK = 0x0F0F_F0F0_1234_5678
NOBODY: frozenset[str] = frozenset()


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db)


def add(database: Database, project: Project, number: int | str, *, phash: int | None = None, **more: Any) -> Image:
    """A ready picture."""
    with database.begin() as db:
        image, _ = images.add(db, builders.image(project.id, number, **more))
        return images.apply_facts(db, image, builders.facts(number, phash=phash))


def ask(database: Database, found: Sequence[Image], *, kind: Kind = "random", at: float = 1.0, **more: Any) -> None:
    """Ask for the pictures' labels, without making judges of them."""
    values = {"judges": False, "report_id": None, "answered_at": None} | more
    with database.begin() as db:
        wanted.add(db, found[0].project_id, [Asked(one.id, at, kind, **values) for one in found])


def appoint(database: Database, *found: Image, taught: frozenset[str] = NOBODY) -> set[str]:
    with database.begin() as db:
        there = changes.current(db, [one.id for one in found], project_id=found[0].project_id)
        return judges.appoint(db, [there[one.id] for one in found], taught=taught, by=None)


def release(database: Database, project: Project, *found: Image, remaining: Sequence[Image] = ()) -> None:
    with database.begin() as db:
        changes.hold(db, project.id)
        ids, others = [one.id for one in found], {one.id for one in remaining}
        judges.release(db, project, ids, remaining=others, since=1.0, by=None)


def relabel(database: Database, image: Image, value: str | None) -> None:
    with database.begin() as db:
        images.relabel(db, image, value=value, action="correct", by=None)


def sides(database: Database, *found: Image) -> list[str]:
    with database.connect() as db:
        return [image.side for image in images.many(db, [one.id for one in found])]


def test_open_questions_come_first_and_then_the_newest_answered(database: Database, project: Project) -> None:
    first, second, third, fourth = (add(database, project, number) for number in range(4))
    ask(database, [first, second], at=1.0)
    ask(database, [third], at=2.0, kind="shifted", report_id="r")
    ask(database, [fourth], at=3.0)
    relabel(database, first, "ant")
    relabel(database, fourth, "bee")
    with database.connect() as db:
        listed = wanted.questions(db, project.id, limit=10)
        assert [one.image_id for one in wanted.questions(db, project.id, limit=2)] == [third.id, second.id]
        assert {one.image_id for one in wanted.open(db, project.id)} == {second.id, third.id}
        told = wanted.counts(db, project.id)
    assert [one.image_id for one in listed] == [third.id, second.id, fourth.id, first.id]
    assert [(one.name, one.label) for one in listed[2:]] == [("3.jpg", "bee"), ("0.jpg", "ant")]
    assert told["random"] == {"asked": 3, "answered": 2, "judging": 0, "judging_answered": 0}
    assert (told["shifted"]["asked"], told["shifted"]["answered"], told["report_id"]) == (1, 0, "r")


def test_the_first_word_is_the_answer_and_taking_it_back_opens_the_question(
    database: Database, project: Project
) -> None:
    image = add(database, project, 1)
    ask(database, [image])

    def answered_at() -> float | None:
        with database.connect() as db:
            return wanted.questions(db, project.id, limit=1)[0].answered_at

    relabel(database, image, "ant")
    first = answered_at()
    assert first is not None
    relabel(database, image, "unknown")
    assert answered_at() == first
    relabel(database, image, None)
    assert answered_at() is None
    relabel(database, image, "bee")
    assert (answered_at() or 0.0) >= first


def test_answers_are_told_by_kind_and_by_report(database: Database, project: Project) -> None:
    one, two = add(database, project, 1), add(database, project, 2)
    ask(database, [one], kind="random", report_id="a", answered_at=5.0)
    ask(database, [two], kind="shifted", report_id="b", answered_at=4.0)
    with database.connect() as db:
        assert [found.image_id for found in wanted.answered(db, project.id)] == [two.id, one.id]
        assert [found.image_id for found in wanted.answered(db, project.id, kind="random")] == [one.id]
        assert [found.image_id for found in wanted.answered(db, project.id, report_id="b")] == [two.id]


def test_a_picture_that_is_gone_for_good_is_not_asked_for(database: Database, project: Project) -> None:
    image, thrown = add(database, project, 1), add(database, project, 2)
    ask(database, [image, thrown])
    with database.begin() as db:
        images.purge(db, images.trash(db, image, by=None))
        images.trash(db, thrown, by=None)
    with database.connect() as db:
        assert wanted.known(db, [image.id, thrown.id]) == {thrown.id}
        assert wanted.counts(db, project.id)["random"]["asked"] == 0
        assert wanted.questions(db, project.id, limit=10) == []


def test_only_pictures_of_groups_that_nobody_asked_about_can_be_asked_for(database: Database, project: Project) -> None:
    asked = add(database, project, "asked", phash=LOOK)
    add(database, project, "copy of it", phash=LOOK ^ 1)
    free, said = add(database, project, "free"), add(database, project, "said")
    ask(database, [asked])
    relabel(database, said, "ant")
    with database.connect() as db:
        assert wanted.askable(db, project.id) == {free.id: free.group_id}


def test_a_judge_takes_its_group_and_its_near_copies_off_their_side(database: Database, project: Project) -> None:
    leader = add(database, project, "leader", phash=LOOK, side="train")
    judge = add(database, project, "judge", phash=LOOK ^ 0b111111)
    near = add(database, project, "near the judge alone", phash=LOOK ^ 0b111111_111111, side="train")
    far = add(database, project, "far", side="train")
    assert (judge.group_id, near.group_id) == (leader.id, near.id)
    assert appoint(database, judge) == {judge.id}
    assert sides(database, leader, judge, near, far) == ["none", "none", "none", "train"]
    with database.connect() as db:
        told = db.execute(select(events.c.detail).where(events.c.kind == judges.MOVED, events.c.image_id == near.id))
        assert told.scalar_one() == {"from": "train", "to": "none", "judge": judge.id}
        assert groups.sides(db, [leader.id]) == {leader.id: "none"}


@pytest.mark.parametrize("own", ["none", "train", "calibration"])
def test_a_copy_that_comes_later_never_teaches(database: Database, project: Project, own: str) -> None:
    add(database, project, "leader", phash=LOOK, side="train")
    judge = add(database, project, "judge", phash=LOOK ^ 0b111111)
    appoint(database, judge)
    of_judge = add(database, project, "of the judge", phash=LOOK ^ 0b111111_111111, side=own)
    of_leader = add(database, project, "of the leader", phash=LOOK ^ 0b111111 << 40, side=own)
    assert [of_judge.side, of_leader.side] == ["none", "none"]


def test_another_process_sees_at_once_that_a_group_left_its_side(
    database: Database, database_url: str, project: Project
) -> None:
    judge = add(database, project, "judge", phash=LOOK, side="train")
    elsewhere = Database(database_url)
    assert add(elsewhere, project, "before", phash=LOOK ^ 1).side == "train"
    appoint(database, judge)
    assert add(elsewhere, project, "after", phash=LOOK ^ 2).side == "none"
    elsewhere.close()


def test_nobody_judges_whose_copies_a_person_labelled_or_taught_or_that_is_on_no_side(
    database: Database, project: Project
) -> None:
    said = add(database, project, "said", phash=LOOK, side="train")
    relabel(database, said, "ant")
    relabel(database, said, None)
    copy = add(database, project, "copy", phash=LOOK ^ 1)
    learnt = add(database, project, "learnt", side="train")
    off = add(database, project, "off")
    with database.begin() as db:
        off = changes.save(db, [changes.Change(off, replace(off, side="none"), "withdrawn", None, {"from": "train"})])[
            0
        ]
    assert appoint(database, copy, learnt, off, taught=frozenset({learnt.id})) == set()
    assert sides(database, copy, learnt) == ["train", "train"]


def test_of_two_copies_only_the_first_judges(database: Database, project: Project) -> None:
    one = add(database, project, 1, phash=LOOK, side="train")
    two = add(database, project, 2, phash=LOOK ^ 1)
    assert appoint(database, one, two) == {one.id}
    assert appoint(database, two) == set()


def test_who_judges_no_more_stands_where_it_stood_and_so_does_what_came_meanwhile(
    database: Database, project: Project
) -> None:
    judge = add(database, project, "judge", phash=LOOK, side="calibration")
    kin = add(database, project, "kin", phash=LOOK ^ 1, side="train")
    appoint(database, judge)
    later = add(database, project, "later", phash=LOOK ^ 2)
    held_out = add(database, project, "published as held out", phash=LOOK ^ 8, side="test")
    assert (later.side, held_out.side) == ("none", "test")
    release(database, project, judge)
    assert sides(database, judge, kin, later, held_out) == ["calibration", "train", "calibration", "test"]
    assert add(database, project, "after", phash=LOOK ^ 4).side == "calibration"


def test_kin_of_a_judge_that_stays_stay_off_their_side(database: Database, project: Project) -> None:
    gone = add(database, project, "gone", phash=LOOK, side="train")
    stays = add(database, project, "stays", phash=LOOK ^ 0xFFF, side="train")
    between = add(database, project, "between", phash=LOOK ^ 0x3F, side="train")
    assert appoint(database, gone, stays) == {gone.id, stays.id}
    release(database, project, gone, remaining=[stays])
    assert sides(database, gone, stays, between) == ["train", "none", "none"]


def test_a_picture_that_leaked_stays_off_its_side_when_a_judge_near_it_is_let_go(
    database: Database, project: Project
) -> None:
    judge = add(database, project, "judge", phash=LOOK, side="train")
    leaked = add(database, project, "leaked", phash=LOOK ^ 1, side="test")
    appoint(database, judge)
    release(database, project, judge)
    with database.begin() as db:
        now = changes.current(db, [leaked.id], project_id=project.id)[leaked.id]
        assert now.side == "test"
        detail = {"from": "test", "to": "none"}
        changes.save(db, [changes.Change(now, replace(now, side="none"), judges.WITHDRAWN, None, detail)])
    assert appoint(database, judge) == {judge.id}
    release(database, project, judge)
    assert sides(database, judge, leaked) == ["train", "none"]
