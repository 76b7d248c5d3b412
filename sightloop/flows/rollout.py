"""What followed a project's promotions: the watch or the shadow that goes on, and those before it."""

from __future__ import annotations

from sightloop.core.entities import Json, Project, User
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import names, watches
from sightloop.store.database import Connection
from sightloop.store.watches import Watch

SHOWN = 20  # of the history
NOTHING: Json = {
    "id": None,
    "state": "none",
    "kind": None,
    "version": None,
    "replaced": None,
    "began_at": None,
    "until": None,
}
UNWATCHED: Json = {"ended_at": None, "answers": 0, "needed": 0, "rules": []}


def show(services: Services, *, user: User, project: str) -> Json:
    """The watch or shadow of a project that goes on, of several the newest, else the last one; and all of them.

    Returns:
        {id, state, kind, version, replaced (numbers), began_at, until, ended_at, answers, needed, sentence, rules
        [{name, passed, sentence, figures}], history [{id, kind, state, version, replaced, began_at, ended_at,
        sentence}]}, the newest of the history first and what is shown among it; `state` is "none" where nothing was
        ever promoted over another version.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        found = watches.newest(db, target.id, limit=SHOWN)
        shown = [*watches.open(db, target.id)[-1:], *found][:1]
        told, history = _told(db, shown), _told(db, found)
    if not told:
        said = "No version has replaced another one yet, so nothing is watched."
        return {**NOTHING, **UNWATCHED, "sentence": said, "history": []}
    rows = [{name: one[name] for name in one if name not in _OF_SHOWN} for one in history]
    return {**told[0], "history": rows}


def end(
    services: Services, *, user: User, project: str, reason: str, version: int | None = None, kind: str | None = None
) -> Json:
    """End a watch, so that nothing goes back by itself any more, or a shadow, which then does not go live.

    Args:
        version: only the one of this version, by its number.
        kind: only a "watch", or only a "shadow"; where neither is named the shadow ends first.

    Returns what `show` does.

    Raises:
        Missing, Forbidden: no such project, or the role is below maintainer.
        Rejected: without a reason.
        Conflict: nothing goes on, or nothing of this version and kind.
    """
    target = project_for(services, user=user, name=project, action="promote")
    if not reason.strip():
        raise Rejected("ending a watch needs a reason.", hint="It is kept with the watch.")
    with services.db.begin() as db:
        going_on = _going_on(db, target, version=version, kind=kind)
        asked = next((one for one in going_on if one.kind == "shadow"), going_on[-1] if going_on else None)
        watch = watches.still(db, asked) if asked else None
        if watch is None:
            raise Conflict(_nothing(project, version=version, kind=kind), hint=f"sightloop rollout show {project}")
        report = watch.report | {"sentence": f"Ended by hand: {reason.strip()}", "ended_by": user.id}
        watches.end(db, watch, state="ended", report=report)
    return show(services, user=user, project=project)


_OF_SHOWN = {"until", "answers", "needed", "rules"}


def _going_on(db: Connection, project: Project, *, version: int | None, kind: str | None) -> list[Watch]:
    found = [watch for watch in watches.open(db, project.id) if kind in (None, watch.kind)]
    numbers = names.of_versions(db, [watch.version_id for watch in found])
    return [watch for watch in found if version in (None, numbers.get(watch.version_id))]


def _nothing(project: str, *, version: int | None, kind: str | None) -> str:
    whose = f"project {project!r}" if version is None else f"version {version} of project {project!r}"
    how = {"watch": "is watched", "shadow": "answers in shadow"}.get(kind or "", "is watched or answers in shadow")
    return f"nothing of {whose} {how}."


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
            **{name: watch.report[name] for name in (*sorted(_OF_SHOWN), "sentence")},
        }
        for watch in found
    ]
