"""Labels that people are asked for: who is drawn, who judges, and that no judge or near copy of one ever teaches."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sightloop.core.entities import Image, Json, Project
from sightloop.core.errors import Forbidden, Rejected
from sightloop.flows import manifests, projects, recent_test, wanting
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.flows.taught import groups_ever
from sightloop.store import drift, images, judges, snapshots, wanted
from sightloop.store.groups import NEAR
from tests.flows import labelled
from tests.store import builders

LOOK = 0x0F0F_F0F0_1234_5678


def ask(
    services: Services, project: Project, found: Sequence[Image], *, shifted: Sequence[Image] = (), report: str = "r"
) -> Json:
    met = groups_ever(services, project)
    ids, others = [one.id for one in found], [one.id for one in shifted]
    with services.db.begin() as db:
        return wanting.ask(db, project, report_id=report, random=ids, shifted=others, taught=met)


def more(services: Services, count: int) -> Json:
    return wanting.more(services, user=OPERATOR, project="paint", random=count)


def show(services: Services) -> Json:
    return wanting.show(services, user=OPERATOR, project="paint", limit=2000)


def judging(services: Services, project: Project) -> set[str]:
    with services.db.connect() as db:
        return wanted.judging(db, project.id)


def fresh(services: Services, project: Project, count: int) -> list[Image]:
    """Ready pictures that nobody labelled."""
    return [labelled.add(services, project, number, label=None) for number in range(count)]


def test_about_half_of_the_random_ones_judge_whatever_their_order_and_no_shifted_one_does(
    services: Services, project: Project
) -> None:
    found = fresh(services, project, 80)
    drawn, shifted = found[:60], found[60:]
    asked = ask(services, project, drawn[::-1], shifted=shifted)
    mine = judging(services, project)
    assert mine == {one.id for one in drawn if judges.judges_by_content(one.sha256)}
    assert (asked["asked"], asked["judging"]) == (80, len(mine))
    assert 18 <= len(mine) <= 42
    told = show(services)
    assert (told["open"], told["answered"], told["report_id"], told["enough_for_recent"]) == (80, 0, "r", 100)
    assert told["random"] == {
        "asked": 60,
        "answered": 0,
        "judging": len(mine),
        "judging_answered": 0,
        "judging_recent": 0,
    }
    assert told["shifted"] == {"asked": 20, "answered": 0}
    assert {one.side for one in labelled.by_id(services, *found) if one.id in mine} == {"none"}


def test_a_picture_asked_for_again_stays_as_it_was(services: Services, project: Project) -> None:
    found = fresh(services, project, 20)
    ask(services, project, found[:10], shifted=found[10:])
    before = show(services)
    assert ask(services, project, found[10:], shifted=found[:10], report="another") == {"asked": 0, "judging": 0}
    assert show(services) == before


def test_a_word_answers_and_taking_it_back_asks_again(services: Services, project: Project) -> None:
    image = fresh(services, project, 1)[0]
    ask(services, project, [image])
    labelled.relabel(services, image, "red")
    [item] = show(services)["items"]
    assert (item["label"], item["answered_at"] is not None, show(services)["open"]) == ("red", True, 0)
    labelled.relabel(services, image, None)
    [item] = show(services)["items"]
    assert (item["label"], item["answered_at"], show(services)["open"]) == (None, None, 1)


def test_a_picture_that_has_its_label_counts_as_answered_and_does_not_judge(
    services: Services, project: Project
) -> None:
    found = [labelled.relabel(services, one, "red") for one in fresh(services, project, 20)]
    assert ask(services, project, found) == {"asked": 20, "judging": 0}
    random = {"asked": 20, "answered": 20, "judging": 0, "judging_answered": 0, "judging_recent": 0}
    assert show(services)["random"] == random


def test_a_new_live_version_begins_the_recent_test_anew_and_it_lasts_ninety_days(
    services: Services, project: Project
) -> None:
    found = fresh(services, project, 40)
    ask(services, project, found)
    mine = judging(services, project)
    for image in found:
        labelled.relabel(services, image, "red")
    assert (show(services)["random"]["judging_recent"], len(mine)) == (len(mine), show(services)["random"]["judging"])
    later = replace(services, clock=lambda: services.clock() + (recent_test.DAYS + 1) * recent_test.DAY)
    assert show(later)["random"]["judging_recent"] == 0
    labelled.version(services, project)
    random = show(services)["random"]
    assert (random["judging_answered"], random["judging_recent"]) == (len(mine), 0)


def test_a_copy_of_what_taught_a_version_does_not_judge_though_that_picture_is_gone(
    services: Services, project: Project
) -> None:
    number = next(n for n in range(50) if judges.judges_by_content(builders.image("", f"new {n}").sha256))
    old = labelled.add(services, project, "old", side="train", phash=LOOK)
    labelled.add(services, project, "other", label="blue", side="train")
    labelled.version(services, project, snapshot_id=labelled.freeze(services, project)["snapshot_id"])
    copy = labelled.add(services, project, f"new {number}", label=None, phash=LOOK ^ 1)
    with services.db.begin() as db:
        images.purge(db, images.trash(db, old, by=None))
    assert ask(services, project, [copy]) == {"asked": 1, "judging": 0}


def test_more_are_drawn_of_what_came_since_the_live_version_one_of_each_group(
    services: Services, project: Project
) -> None:
    version = labelled.version(services, project)
    at = version.created_at + 1
    older = fresh(services, project, 5)
    came = [labelled.add(services, project, f"new {n}", label=None, created_at=at) for n in range(4)]
    came += [labelled.add(services, project, f"near {n}", label=None, created_at=at, phash=LOOK ^ n) for n in range(3)]
    for image in [*older, *came]:
        labelled.answer(services, image, version, "red")
    said = labelled.add(services, project, "said", label="red", created_at=at)
    found = more(services, 5)
    drawn = {one["image_id"] for one in found["items"]}
    assert (len(drawn), found["note"]) == (5, None)
    assert drawn <= {one.id for one in came}
    assert len(drawn & {one.id for one in came[4:]}) == 1
    again = more(services, 7)
    drawn = {one["image_id"] for one in again["items"]} - drawn
    assert drawn == {one.id for one in older}
    assert "0 of the 7 pictures came in since the live version was made; 5 more are of all" in again["note"]
    assert "2 are missing" in again["note"]
    assert said.id not in drawn
    assert "no other picture without a label is left" in more(services, 1)["note"]


def test_what_an_alarm_was_about_is_drawn_before_what_came_earlier(services: Services, project: Project) -> None:
    version = labelled.version(services, project)
    at = version.created_at + 10
    earlier = [labelled.add(services, project, f"old {n}", label=None, created_at=at - 5) for n in range(6)]
    changed = [labelled.add(services, project, f"new {n}", label=None, created_at=at + 5) for n in range(4)]
    for image in [*earlier, *changed]:
        labelled.answer(services, image, version, "red")
    report: Json = {"version_id": version.id, "since": at, "until": at + 9, "n": 4, "p": 0.0}
    with services.db.begin() as db:
        drift.add(db, project.id, report | {"kind": "covariate", "alarm": True})
    assert {one["image_id"] for one in more(services, 4)["items"]} == {one.id for one in changed}
    assert more(services, 6)["note"] is None


def test_a_number_that_makes_no_sense_is_refused(services: Services, project: Project) -> None:
    with pytest.raises(Rejected, match="0 pictures cannot be asked for"):
        more(services, 0)
    with pytest.raises(Rejected, match="2001 pictures"):
        more(services, 2001)


def test_who_only_labels_neither_asks_nor_takes_back(services: Services, project: Project) -> None:
    with services.db.begin() as db:
        user = builders.user(db, "reviewer@example.org", role="viewer")
    projects.set_member(services, user=OPERATOR, name="paint", email=user.email, role="reviewer")
    with pytest.raises(Forbidden):
        wanting.more(services, user=user, project="paint", random=1)
    with pytest.raises(Forbidden):
        wanting.withdraw(services, user=user, project="paint")
    assert wanting.show(services, user=user, project="paint")["open"] == 0


def test_taking_back_leaves_every_picture_where_it_was_and_keeps_what_was_answered(
    services: Services, project: Project
) -> None:
    found = fresh(services, project, 40)
    before = [one.side for one in found]
    ask(services, project, found)
    judge = next(one for one in found if one.id in judging(services, project))
    labelled.relabel(services, judge, "red")
    assert wanting.withdraw(services, user=OPERATOR, project="paint") == {"withdrawn": 39}
    after = [one.side for one in labelled.by_id(services, *found)]
    assert after == ["none" if one.id == judge.id else side for one, side in zip(found, before, strict=True)]
    assert [one["image_id"] for one in show(services)["items"]] == [judge.id]
    assert judging(services, project) == {judge.id}
    assert wanting.withdraw(services, user=OPERATOR, project="paint") == {"withdrawn": 0}


class World:
    """A project in which pictures, their near copies, labels, questions and trainings come in any order."""

    def __init__(self, services: Services, project: Project, *, seed: int) -> None:
        self.services, self.project = services, project
        self.rng = random.Random(seed)
        self.kept: list[Image] = []
        for _ in range(10):
            self.come()
        self.ask()

    def come(self) -> None:
        """A picture that often nearly looks like another one; some are published on a side, some have a site."""
        other = self.rng.choice([None, *self.kept])
        look = int(other.phash or "", 16) if other and self.rng.random() < 0.7 else self.rng.getrandbits(64)
        for bit in self.rng.sample(range(64), self.rng.choice((0, 3, 5, 6, 7))):
            look ^= 1 << bit
        side = self.rng.choice(("none", "none", "train", "calibration", "test"))
        site = "east" if self.rng.random() < 0.05 else None
        name = len(self.kept)
        self.kept.append(labelled.add(self.services, self.project, name, label=None, side=side, phash=look, site=site))

    def say(self) -> None:
        for image in self.rng.sample(self.kept, 6):
            labelled.relabel(self.services, image, self.rng.choice(("red", "blue", "blue", None)))

    def ask(self) -> None:
        ask(self.services, self.project, self.rng.sample(self.kept, 3))

    def more(self) -> None:
        more(self.services, 2)

    def withdraw(self) -> None:
        wanting.withdraw(self.services, user=OPERATOR, project="paint")

    def train(self) -> None:
        try:
            taken = labelled.freeze(self.services, self.project)
        except Rejected:
            return
        labelled.version(self.services, self.project, snapshot_id=taken["snapshot_id"])

    def happen(self) -> None:
        """Something."""
        often = [self.come] * 12 + [self.say] * 4 + [self.ask] * 4
        self.rng.choice([*often, self.more, self.withdraw, self.train, self.train])()

    def check(self) -> int:
        """Judges and their near copies are on no teaching side, now and in every snapshot; returns how many judge."""
        looks = {one.id: int(one.phash or "", 16) for one in self.kept}
        with self.services.db.connect() as db:
            now = {one.id: one for one in images.stream(db, self.project.id)}
            mine = [now[name] for name in wanted.judging(db, self.project.id)]
            rows = list(manifests.teaching_rows(db, self.project))
            for taken in snapshots.all(db, self.project.id):
                rows += manifests.read(self.services, taken)
        taught = {(row["image_id"], row["group"]) for row in rows if row["side"] in ("train", "calibration")}
        for judge in mine:
            assert judge.side == "none"
            for image_id, group in taught:
                assert image_id != judge.id
                assert group != judge.group_id
                assert (looks[image_id] ^ looks[judge.id]).bit_count() > NEAR
        return len(mine)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_no_judge_and_no_near_copy_of_one_ever_teaches(
    services: Services, project: Project, seed: int
) -> None:
    world = World(services, project, seed=seed)
    most = 0
    for _ in range(60):
        world.happen()
        most = max(most, world.check())
    assert most > 0
