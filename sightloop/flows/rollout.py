"""What followed a project's promotions: the watch or the shadow that goes on, and those before it."""

from __future__ import annotations

from sightloop.core.entities import Json, User
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import names, watches
from sightloop.store.database import Connection
from sightloop.store.watches import Watch

SHOWN = 20  # of the history
NOTHING: Json = {"state": "none", "kind": None, "version": None, "replaced": None, "began_at": None, "until": None}
UNWATCHED: Json = {"ended_at": None, "answers": 0, "needed": 0, "rules": []}


def show(services: Services, *, user: User, project: str) -> Json:
    """The newest watch or shadow of a project, and those before it.

    Returns:
        {state, kind, version, replaced (numbers), began_at, until, ended_at, answers, needed, sentence, rules [{name,
        passed, sentence, figures}], history [{id, kind, state, version, replaced, began_at, ended_at, sentence}]}, the
        newest of the history first; `state` is "none" where nothing was ever promoted over another version.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        history = _told(db, watches.newest(db, target.id, limit=SHOWN))
    if not history:
        said = "No version has replaced another one yet, so nothing is watched."
        return {**NOTHING, **UNWATCHED, "sentence": said, "history": []}
    rows = [{name: one[name] for name in one if name not in _OF_NEWEST} for one in history]
    return {**{name: value for name, value in history[0].items() if name != "id"}, "history": rows}


def end(services: Services, *, user: User, project: str, reason: str) -> Json:
    """End a watch, so that nothing goes back by itself any more, or a shadow, which then does not go live.

    Returns what `show` does.

    Raises:
        Missing, Forbidden: no such project, or the role is below maintainer.
        Rejected: without a reason.
        Conflict: nothing goes on.
    """
    target = project_for(services, user=user, name=project, action="promote")
    if not reason.strip():
        raise Rejected("ending a watch needs a reason.", hint="It is kept with the watch.")
    with services.db.begin() as db:
        going_on = watches.open(db, target.id)
        if not going_on:
            raise Conflict(f"nothing of project {project!r} is watched or answers in shadow.")
        watch = next((one for one in going_on if one.kind == "shadow"), going_on[-1])
        report = watch.report | {"sentence": f"Ended by hand: {reason.strip()}", "ended_by": user.id}
        watches.end(db, watch, state="ended", report=report)
    return show(services, user=user, project=project)


_OF_NEWEST = {"until", "answers", "needed", "rules"}


def _told(db: Connection, found: list[Watch]) -> list[Json]:
    numbers = names.of_versions(db, [one for watch in found for one in (watch.version_id, watch.replaced_id)])
    return [
        {
            "id": watch.id,
            "kind": watch.kind,
            "state": watch.state,
            "version": numbers.get(watch.version_id),
            "replaced": numbers.get(watch.replaced_id or ""),
            "began_at": watch.began_at,
            "ended_at": watch.ended_at,
            **{name: watch.report[name] for name in (*sorted(_OF_NEWEST), "sentence")},
        }
        for watch in found
    ]
