"""Checks of drift on real pictures and a real tiny model: silence, alarms, their kinds, and what is asked for then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Row, select, update

from sightloop import telemetry
from sightloop.core.entities import NOTHING, Image, Job, Json, Project
from sightloop.core.errors import Forbidden, Missing
from sightloop.flows import (
    answer,
    drift_changes,
    drift_standing,
    drift_waiting,
    drift_window,
    drifting,
    projects,
    trash,
    upload,
    wanting,
)
from sightloop.flows.access import OPERATOR
from sightloop.flows.drift_changes import Change
from sightloop.flows.services import Services
from sightloop.store import images, jobs
from sightloop.store.drift import Arrival
from sightloop.store.loop_tables import drift_reports
from sightloop.store.watch_tables import notices
from sightloop.vision import encode
from sightloop.vision.decode import decode
from tests import tiny, tiny_masks
from tests.flows import labelled
from tests.store import builders

COLOURS = tuple(tiny.COLOURS)
Sender = Callable[..., list[Image]]


@pytest.fixture
def send(services: Services, project: Project, incoming: Callable[..., upload.Incoming]) -> Sender:
    """Uploads pictures and answers them."""

    def make(found: Sequence[bytes]) -> list[Image]:
        kept = upload.keep(
            services,
            user=OPERATOR,
            project=project.name,
            incoming=[incoming(data, f"{hash(data)}.jpg") for data in found],
        )
        ids = [one.image.id for one in kept if one.image]
        return answer.score(services, project_id=project.id, image_ids=ids, timeout=60)

    return make


@pytest.fixture
def watched(services: Services, project: Project, send: Sender, model: Callable[..., int]) -> Project:
    """A project with about a hundred held-out pictures and a live model."""
    changed = projects.update(services, user=OPERATOR, name=project.name, settings={"ratios": [0.05, 0.05, 0.9]})
    for image, colour in zip(send(pictures(120)), colours(120), strict=True):
        labelled.relabel(services, image, colour)
    model(project)
    return changed


def colours(n: int) -> list[str]:
    return [COLOURS[number % 3] for number in range(n)]


def pictures(n: int, *, first: int = 0, only: str | None = None, change: Change | None = None) -> list[bytes]:
    """Different pictures of the three colours in turn, or of one; changed where that is asked for."""
    found = [tiny.picture(only or colour, seed=first + number) for number, colour in enumerate(colours(n))]
    return found if change is None else [changed(data, change) for data in found]


def changed(data: bytes, change: Change) -> bytes:
    return encode.jpeg(drift_changes.changed(decode(data), change, seed=0), quality=95)


def check(services: Services) -> Json:
    return drifting.check(services, user=OPERATOR, project="paint")


def test_a_stream_like_the_held_out_pictures_is_silent_and_kept(
    services: Services, watched: Project, send: Sender
) -> None:
    send(pictures(110, first=1000))
    found = check(services)
    assert (found["alarm"], found["kind"], found["needs"], found["n"]) == (False, "none", None, 110)
    assert found["sentence"].startswith("No drift: 110 pictures compared with ")
    assert found["p"] > 0.05**2
    assert [one["name"] for one in found["families"]] == ["answers", "classes", "embedding", "statistics", "strangers"]
    assert drifting.show(services, user=OPERATOR, project="paint", report_id=found["id"]) == found
    assert found["cumulative"]["n"] == 110
    assert noticed(services) == []
    assert wanting.show(services, user=OPERATOR, project="paint")["open"] == 0


def test_blurred_pictures_alarm_and_say_which_and_why(services: Services, watched: Project, send: Sender) -> None:
    clean = send(pictures(60, first=1000))
    blurred = send(pictures(60, first=2000, change=Change(blur=8)))
    found = check(services)
    assert (found["alarm"], found["by"]) == (True, "window")
    assert found["kind"] in ("acquisition", "covariate")
    driving = {one["image_id"] for one in found["driving"]}
    assert len(driving & {image.id for image in blurred}) == len(driving) == 24
    assert not driving & {image.id for image in clean}
    assert {one["nearest"] for one in found["driving"]} <= {one.id for one in labelled_of(services, watched)}
    assert "blur" in {one["column"] for one in found["histograms"]}


def labelled_of(services: Services, project: Project) -> list[Image]:
    with services.db.connect() as db:
        return [image for image in images.stream(db, project.id) if image.label]


def test_another_mix_of_classes_is_no_reason_to_ask_for_labels(
    services: Services, watched: Project, send: Sender
) -> None:
    send([*pictures(90, first=1000, only="red"), *pictures(30, first=2000)])
    found = check(services)
    assert (found["alarm"], found["kind"], found["needs"]) == (True, "label", None)
    assert [one.kind for one in noticed(services)] == ["drift"]
    assert found["priors"]["red"]["after"] > 0.6
    assert next(one for one in found["shares"] if one["class"] == "red")["after"] > 0.6


def test_changed_colours_ask_for_thirty_random_and_twenty_shifted_labels(
    services: Services, watched: Project, send: Sender
) -> None:
    sent = send(pictures(120, first=1000, change=Change(brightness=2.2)))
    found = check(services)
    assert (found["alarm"], found["kind"], found["needs"]) == (True, "covariate", "labels")
    random, shifted = found["wanted"]["random"], found["wanted"]["shifted"]
    assert (len(set(random)), len(set(shifted))) == (30, 20)
    assert not set(random) & set(shifted)
    assert {*random, *shifted} <= {image.id for image in sent}
    told = wanting.show(services, user=OPERATOR, project="paint")
    assert (told["open"], told["report_id"]) == (50, found["id"])
    assert {one["image_id"]: one["kind"] for one in told["items"]} == {
        **dict.fromkeys(random, "random"),
        **dict.fromkeys(shifted, "shifted"),
    }
    assert 0 < told["random"]["judging"] < 30
    outside = {one.kind: one for one in noticed(services)}
    assert outside["drift"].sentence == found["sentence"]
    assert outside["drift"].detail["id"] == found["id"]
    assert outside["labels"].sentence == "50 labels are wanted to tell what the drift means."
    assert outside["labels"].detail == {"report": found["id"], "asked": 50, "judging": told["random"]["judging"]}


def noticed(services: Services) -> Sequence[Row[Any]]:
    """What the outside is told, oldest first."""
    with services.db.connect() as db:
        return db.execute(select(notices).order_by(notices.c.seq)).all()


def test_too_few_pictures_are_not_tested_and_the_gap_is_named(
    services: Services, watched: Project, send: Sender
) -> None:
    send(pictures(40, first=1000))
    found = check(services)
    assert (found["id"], found["alarm"]) == (None, False)
    assert "40 pictures came in" in found["sentence"]
    assert "100 are needed" in found["sentence"]
    with pytest.raises(Missing, match="no drift report"):
        drifting.show(services, user=OPERATOR, project="paint")


def test_without_a_live_model_there_is_nothing_to_compare(services: Services, project: Project) -> None:
    assert "no live model" in check(services)["sentence"]


def test_without_held_out_pictures_it_says_what_is_missing(
    services: Services, project: Project, send: Sender, model: Callable[..., int]
) -> None:
    model(project)
    send(pictures(110))
    assert "0 held-out pictures" in check(services)["sentence"]


def test_near_copies_count_once(services: Services, watched: Project, send: Sender) -> None:
    near = [encode.jpeg(decode(tiny.picture("red", seed=5000)), quality=quality) for quality in range(65, 95)]
    send([*pictures(80, first=1000), *near])
    assert "81 pictures came in since the last check (110 with near copies" in check(services)["sentence"]


def test_a_check_begins_where_the_last_one_ended(services: Services, watched: Project, send: Sender) -> None:
    send(pictures(110, first=1000))
    first = check(services)
    send(pictures(20, first=2000))
    assert check(services)["n"] == 20
    send(pictures(90, first=3000))
    second = check(services)
    assert (second["since"], second["n"], second["before_p"]) == (first["until"], 110, first["p"])
    assert second["cumulative"] is None  # its turn was a moment ago
    line = drift_standing.overview(services, user=OPERATOR, project="paint")["timeline"]
    assert [one["id"] for one in line] == [first["id"], second["id"]]


def test_what_windows_are_compared_with_does_not_move(services: Services, watched: Project, send: Sender) -> None:
    send(pictures(110, first=1000))
    first = check(services)
    for image in labelled_of(services, watched)[:30]:
        trash.discard(services, user=OPERATOR, image_id=image.id)
    send(pictures(110, first=2000))
    assert check(services)["held_out"] == first["held_out"]


def test_a_check_is_queued_once_a_day_where_enough_came_in(
    services: Services, watched: Project, send: Sender, run_job: Callable[[Job], Job]
) -> None:
    send(pictures(40, first=1000))
    assert queued(services, watched) == []
    send(pictures(70, first=2000))
    [job] = queued(services, watched)
    assert queued(services, watched) == [job]
    assert run_job(job).context["drift"]["n"] == 110
    send(pictures(110, first=3000))
    assert queued(services, watched) == []
    _age(services, drift_waiting.DAY)
    assert len(queued(services, watched)) == 1


def test_a_project_may_do_without_checks(services: Services, watched: Project, send: Sender) -> None:
    projects.update(services, user=OPERATOR, name="paint", settings={"drift_check": "off"})
    send(pictures(110, first=1000))
    assert queued(services, watched) == []
    assert drift_standing.overview(services, user=OPERATOR, project="paint")["next_at"] is None


def queued(services: Services, project: Project) -> list[Job]:
    """The checks that wait once the clock's duty was done."""
    drifting.start_due(services)
    with services.db.connect() as db:
        return jobs.all(db, project_id=project.id, kinds=("drift",), states=("queued",))


def _age(services: Services, seconds: float) -> None:
    """Let the newest report be so much older."""
    found = drifting.show(services, user=OPERATOR, project="paint")
    older = found | {"at": found["at"] - seconds}
    with services.db.begin() as db:
        db.execute(update(drift_reports).values(report=older, at=older["at"]))


def test_gauges_tell_the_newest_report(services: Services, watched: Project, send: Sender) -> None:
    send(pictures(110, first=1000, change=Change(blur=8)))
    check(services)
    drift_standing.tell(services)
    assert 'sightloop_drift_alarm{project="paint"} 1.0' in telemetry.render().decode()
    told = drifting.status(services, user=OPERATOR, project="paint")
    assert told is not None
    assert (told["drift_detected"], told["window"]["n"], told["statistic"] > 0.1) == (True, 110, True)


def test_who_may_only_look_cannot_check(services: Services, watched: Project) -> None:
    with services.db.begin() as db:
        viewer = builders.user(db, "viewer@example.org", role="viewer")
    projects.set_member(services, user=OPERATOR, name="paint", email=viewer.email, role="viewer")
    with pytest.raises(Forbidden):
        drifting.start(services, user=viewer, name="paint")
    assert drift_standing.overview(services, user=viewer, project="paint")["newest"] is None


def _arrival(number: int, by: str) -> Arrival:
    return Arrival(f"{number}-{by}", "", f"{number}-{by}", by, 0.0, {}, "red", 1.0, {}, None, None)


def test_nobody_gives_more_than_three_tenths_where_five_do() -> None:
    few = [_arrival(number, "loud") for number in range(300)] + [_arrival(n, "quiet") for n in range(10)]
    assert drift_window.balanced(few, {}) == few
    many = few + [_arrival(number, f"user {who}") for who in range(5) for number in range(20)]
    kept = drift_window.balanced(many, {})
    loud = sum(one.uploaded_by == "loud" for one in kept)
    assert 0.2 < loud / len(kept) <= 0.3
    assert len(kept) - loud == 110
    assert drift_window.balanced(many, {f"user {who}": "maintainer" for who in range(5)}) == many


def test_a_long_month_is_thinned_evenly() -> None:
    assert drift_window.spread(list(range(10)), 5) == [0, 2, 4, 6, 8]
    assert np.diff(drift_window.spread(list(range(7001)), 2000)).max() <= 4


def test_masks_are_watched_by_their_area_and_certainty(services: Services, tmp_path: Path) -> None:
    project = tiny_masks.project(services)
    projects.update(services, user=OPERATOR, name=project.name, settings={"ratios": [0.05, 0.05, 0.9]})
    for seed in range(60):
        labelled.relabel(services, tiny_masks.upload(services, seed, empty=seed % 3 == 0), NOTHING)
    tiny_masks.adopt(services, tmp_path / "bundle")
    services.runtime.refresh()
    for seed in range(1000, 1115):
        tiny_masks.upload(services, seed, empty=True)
    found = drifting.check(services, user=OPERATOR, project=project.name)
    assert found["alarm"] is True
    assert next(one for one in found["shares"] if one["class"] == NOTHING)["after"] > 0.9
    answers = next(one for one in found["families"] if one["name"] == "answers")
    assert {one["column"] for one in answers["worst"]} == {"area_share", "certainty", "confidence"}
