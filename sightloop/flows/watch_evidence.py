"""What a watch over a version goes by: its answers in use, and what both versions say of the same pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sightloop.core.entities import Image, Json, ModelVersion, Project
from sightloop.core.splits import one_of_each
from sightloop.flows import rating
from sightloop.measure import watch as rules
from sightloop.measure.pairs import Pair
from sightloop.measure.watch import Rule
from sightloop.store import images, labelled, mishaps, watches
from sightloop.store.database import Connection
from sightloop.store.labelled import Labelled
from sightloop.store.watches import Answered, Watch

BEFORE = 90 * 86_400.0  # seconds of the replaced version's answers that count
MINUTES = 300.0  # seconds that "now" lasts where time is measured
TIMED = 500  # answers of the replaced version that are timed
MOST = 2000  # pictures read at a time
NEWEST = 200  # pictures that both versions are asked about
SIDE_BY_SIDE = 116  # of them that both are timed on, where one of them looks slow
WARM = 16  # of those that are not counted, because they warm a model up
FRESH = 3600.0  # seconds that such times hold
DAY = 86_400.0  # seconds after which both are asked about what is newest then


@dataclass(frozen=True)
class Seen:
    """What is to be seen of a watched version: its rules, groups of answers in use, and how many looks were taken.

    `unasked` pictures wait for an answer of one of the two versions; `untimed` says that both are to be timed.
    """

    rules: tuple[Rule, ...]
    answers: int
    looks: Json
    unasked: int
    untimed: bool


def seen(
    db: Connection,
    project: Project,
    watch: Watch,
    *,
    version: ModelVersion,
    before: ModelVersion,
    now: float,
    last: bool,
) -> Seen:
    """The rules of `measure.watch` on what is stored now.

    Args:
        before: the version that was replaced.
        last: whether the watch ends now, so that a look is taken whatever came in.
    """
    new = watches.answers(db, project.id, version_id=version.id, since=watch.began_at, limit=MOST)
    old = _before(db, project, watch, before)
    looks = {"corrections": 0, "accuracy": 0} | watch.report.get("looks", {})
    corrections, looks["corrections"] = _corrections(project, new, old, done=looks["corrections"], last=last)
    accuracy, looks["accuracy"], unrated = _accuracy(
        db, project, watch, both=(before, version), done=looks["accuracy"], last=last
    )
    pictures = _asked(db, watch, now=now) or newest(db, project)
    classes, unasked = same(db, project, pictures, both=(before, version))
    recent = [one.seconds for one in new if one.answered_at >= now - MINUTES]
    latency = rules.latency(recent, [one.seconds for one in old[:TIMED]])
    if slow := latency.passed is False:
        latency = rules.slower(latency, together(db, pictures, both=(before, version), since=now - FRESH))
    found = (
        _errors(db, project, watch, new, old),
        latency,
        corrections,
        classes,
        accuracy,
    )
    waiting = unrated + (unasked if classes.passed is None else 0)
    return Seen(found, len(_apart(new)), looks, waiting, slow and latency.passed is None)


def newest(db: Connection, project: Project) -> list[Image]:
    """The pictures that both versions are asked about."""
    return watches.arrivals(db, project.id, limit=NEWEST)


def _asked(db: Connection, watch: Watch, *, now: float) -> list[Image]:
    """The pictures that both versions were asked about in the last day, where they are enough to tell by.

    By now others may be the newest.
    """
    ids = watch.report.get("asked", [])
    fresh = now < watch.report.get("asked_at", 0.0) + DAY
    return images.many(db, ids) if fresh and len(ids) >= rules.SAME else []


def judging(db: Connection, project: Project, watch: Watch) -> list[Labelled]:
    """The pictures drawn at random that people have labelled since the watch began."""
    return labelled.drawn(db, project.id, since=watch.began_at)


def unrated(db: Connection, project: Project, watch: Watch, version: ModelVersion) -> list[Labelled]:
    """Of those pictures the ones of which it is not known how well the version answers them."""
    pictures = judging(db, project, watch)
    known = rating.rates(db, project, version, pictures)
    return [one for one in pictures if one.id not in known]


def same(
    db: Connection, project: Project, pictures: Sequence[Image], *, both: tuple[ModelVersion, ModelVersion]
) -> tuple[Rule, int]:
    """The rule of classes on these pictures, and of how many an answer of one of the versions (old, new) is missing."""
    ids = [image.id for image in pictures]
    old, new = (watches.said(db, ids, version_id=one.id) for one in both)
    shared = [name for name in ids if name in old and name in new]
    rule = rules.classes([project.word(*new[name]) for name in shared], [project.word(*old[name]) for name in shared])
    return rule, len(ids) - len(shared)


def together(
    db: Connection, pictures: Sequence[Image], *, both: tuple[ModelVersion, ModelVersion], since: float
) -> Rule:
    """The rule of seconds on the pictures that both versions (old, new) were timed on after a time."""
    ids = [image.id for image in pictures[WARM:SIDE_BY_SIDE]]
    old, new = (watches.seconds(db, ids, version_id=one.id, since=since) for one in both)
    return rules.latency(new, old)


def _before(db: Connection, project: Project, watch: Watch, before: ModelVersion) -> list[Answered]:
    """The replaced version's answers to the pictures that came in use before the watch."""
    at = watch.began_at
    return watches.answers(db, project.id, version_id=before.id, since=at - BEFORE, until=at, limit=MOST)


def _errors(db: Connection, project: Project, watch: Watch, new: Sequence[Answered], old: Sequence[Answered]) -> Rule:
    at, answered = watch.began_at, len(new)
    failed = mishaps.count(db, watch.version_id, since=at)
    since = min((one.answered_at for one in old), default=at)  # whatever else it answered before that is not read
    earlier = mishaps.count(db, watch.replaced_id or "", since=since, until=at)
    if failed >= rules.FEWEST:  # it may have been asked about old pictures too
        beside = watches.said(db, watch.report.get("asked", []), version_id=watch.version_id)
        used = {one.image_id for one in new} | beside.keys()
        answered = max(len(used), watches.answered(db, project.id, watch.version_id))
    return rules.errors(failed, answered, failed_before=earlier, answered_before=len(old))


def _corrections(
    project: Project, new: Sequence[Answered], old: Sequence[Answered], *, done: int, last: bool
) -> tuple[Rule, int]:
    fresh, former = (_apart(one for one in answers if _told(one)) for answers in (new, old))
    looks = rules.look(len(fresh))
    due = looks > done or (last and done < rules.LOOKS)
    found = rules.corrections(
        sum(_corrected(one, project) for one in fresh),
        len(fresh),
        corrected_before=sum(_corrected(one, project) for one in former),
        seen_before=len(former),
        looks=due,
    )
    return found, max(done, looks)


def _accuracy(
    db: Connection, project: Project, watch: Watch, *, both: tuple[ModelVersion, ModelVersion], done: int, last: bool
) -> tuple[Rule, int, int]:
    pictures = judging(db, project, watch)
    old, new = (rating.rates(db, project, one, pictures) for one in both)
    rated = [one for one in pictures if one.id in old and one.id in new]
    live, candidate = (np.array([known[one.id] for one in rated], np.float64) for known in (old, new))
    groups = [one.group for one in rated]
    pair = Pair(live, candidate, groups, [one.label for one in rated], dice=project.task == "segment")
    looks = rules.look(len(set(groups)))
    found = rules.accuracy(pair, looks=looks > done or (last and done < rules.LOOKS))
    waiting = len(pictures) - len(rated) if rules.look(len({one.group for one in pictures})) > looks else 0
    return found, max(done, looks), waiting


def _apart(answers: Iterable[Answered]) -> list[Answered]:
    return one_of_each(answers, lambda one: one.group)


def _told(answer: Answered) -> bool:
    """Whether a human said what the picture shows after the version had answered it."""
    return answer.label is not None and (answer.labelled_at or 0.0) >= answer.answered_at and answer.action != "import"


def _corrected(answer: Answered, project: Project) -> bool:
    """Whether people said otherwise, of an answer that they spoke about."""
    if project.task == "segment":
        return answer.action == "correct" and (answer.agreement is None or answer.agreement < 1)
    return answer.label != answer.predicted
