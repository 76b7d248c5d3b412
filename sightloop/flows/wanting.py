"""Ask people for labels: by a report of drift or by hand; every second one drawn at random judges and never teaches."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict

from sightloop.core.entities import Image, Json, Project, User
from sightloop.core.errors import Rejected
from sightloop.flows import members, recent_test, sampling
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.flows.taught import groups_ever
from sightloop.store import changes, judges, wanted
from sightloop.store.database import Connection, now
from sightloop.store.wanted import Asked, Kind

ENOUGH = 100  # answered judges from which on the gate tests on recent pictures
MOST = 2000  # pictures asked for at once, or listed


def ask(
    db: Connection,
    project: Project,
    *,
    report_id: str | None,
    random: Sequence[str],
    shifted: Sequence[str],
    taught: AbstractSet[str] = frozenset(),
    by: str | None = None,
) -> Json:
    """Ask for the labels of pictures in the caller's transaction; what is asked for already stays as it was.

    Every second one of `random`, by its content, judges: it and every near copy leave their side and never teach.
    Those are asked without judging whose group has a label or `taught` a version. A picture that has its label counts
    as answered.

    Args:
        report_id: of the report of drift that asks, None where a person does.
        taught: of `taught.groups_ever`.

    Returns:
        {asked, judging}: how many are asked for now, and how many of them judge.
    """
    there = changes.current(db, [*random, *shifted], project_id=project.id)
    old = wanted.known(db, list(there))
    new = [it for it in there.values() if it.id not in old and it.status == "ready" and it.trashed_at is None]
    drawn = set(random)
    may = [it for it in new if it.id in drawn and judges.judges_by_content(it.sha256)]
    judging = judges.appoint(db, may, taught=taught, by=by)
    at = now(db)
    asked = [
        Asked(it.id, at, "random" if it.id in drawn else "shifted", it.id in judging, report_id, _answered(it))
        for it in new
    ]
    wanted.add(db, project.id, asked)
    return {"asked": len(asked), "judging": len(judging)}


def more(services: Services, *, user: User, project: str, random: int) -> Json:
    """Ask for further pictures drawn at random, one of each group: of what came in since the live version was made.

    Those come first that came since the window of its newest alarm began: they tell what the alarm was about. Only
    pictures without a label are drawn, so that an accuracy measured on them is about those.

    Args:
        random: how many, 1 to 2000.

    Returns:
        As `show`; `note` says where fewer were there, or where others had to be taken.

    Raises:
        Missing, Forbidden: no such project, or the role is below maintainer.
        Rejected: not a number that makes sense.
    """
    if not 1 <= random <= MOST:
        raise Rejected(f"{random} pictures cannot be asked for at once.", hint=f"Ask for 1 to {MOST}.")
    target = project_for(services, user=user, name=project, action="train")
    taught = groups_ever(services, target)
    with services.db.begin() as db:
        changes.hold(db, target.id)
        fresh, others = sampling.draw(db, target, random)
        ask(db, target, report_id=None, random=[*fresh, *others], shifted=(), taught=taught, by=user.id)
        return _shown(db, target, at=services.clock(), note=_note(random, len(fresh), len(others)))


def withdraw(services: Services, *, user: User, project: str) -> Json:
    """Take back the questions that nobody has answered; pictures that were to judge go back to their side.

    Returns:
        {withdrawn}: how many.
    """
    target = project_for(services, user=user, name=project, action="train")
    with services.db.begin() as db:
        changes.hold(db, target.id)
        asked = wanted.open(db, target.id)
        gone = [one for one in asked if one.judges]
        wanted.remove(db, [one.image_id for one in asked])
        if gone:
            since = min(one.at for one in gone)
            ids, remaining = [one.image_id for one in gone], wanted.judging(db, target.id)
            judges.release(db, target, ids, remaining=remaining, since=since, by=user.id)
    return {"withdrawn": len(asked)}


def show(services: Services, *, user: User, project: str, limit: int = 200) -> Json:
    """What is asked for.

    Returns:
        {open, answered, random: {asked, answered, judging, judging_answered, judging_recent (answered judges that the
        gate would count now)}, shifted: {asked, answered}, report_id (of the newest question a report asked, or None),
        enough_for_recent (how many of those the gate wants), note, items [{image_id, name, kind, judges, report_id, at,
        answered_at, label}] open ones first}.
    """
    if not 1 <= limit <= MOST:
        raise Rejected(f"limit {limit} does not fit.", hint=f"Use 1 to {MOST}.")
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        return _shown(db, target, at=services.clock(), limit=limit)


def _shown(db: Connection, project: Project, *, at: float, limit: int = 200, note: str | None = None) -> Json:
    counts = wanted.counts(db, project.id)
    recent = recent_test.pictures(db, project, members.live(db, project), now=at)
    kinds: tuple[Kind, ...] = ("random", "shifted")
    answered = sum(counts[kind]["answered"] for kind in kinds)
    return {
        "open": sum(counts[kind]["asked"] for kind in kinds) - answered,
        "answered": answered,
        "random": counts["random"] | {"judging_recent": len(recent)},
        "shifted": {name: counts["shifted"][name] for name in ("asked", "answered")},
        "report_id": counts["report_id"],
        "enough_for_recent": ENOUGH,
        "note": note,
        "items": [asdict(one) for one in wanted.questions(db, project.id, limit=limit)],
    }


def _answered(image: Image) -> float | None:
    """When a picture that has its label already was given it."""
    return None if image.label is None else image.labelled_at or image.created_at


def _note(wished: int, fresh: int, others: int) -> str | None:
    if fresh == wished:
        return None
    found = f"{fresh} of the {wished} pictures came in since the live version was made"
    if not others:
        return f"{found}, and no other picture without a label is left to ask for."
    short = wished - fresh - others
    return f"{found}; {others} more are of all unlabelled ones" + (f", and {short} are missing." if short else ".")
