"""What an experiment server was told of, what it does not know yet, and which process tells it now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, delete, func, select

from sightloop.core.entities import Json
from sightloop.core.errors import Conflict
from sightloop.store import rows, runs
from sightloop.store.database import lock, now
from sightloop.store.registry_tables import jobs, mirrored, points, versions
from sightloop.store.registry_tables import runs as run_rows
from sightloop.store.tables import projects

LEASE: Final = 300.0  # seconds after which a process that tells nothing more is taken for dead
REFUSED: Final = "refused: "
SERVER: Final = "server"
EMPTY: Final[Json] = {"until": 0.0, "failures": 0, "retry_at": 0.0, "last_error": None, "last_sent_at": None}


@dataclass(frozen=True)
class Due:
    """A run, a version or a project's aliases that the server does not know as they are now (`stamp`).

    `remote` is what the server calls it, None where it was never told.
    """

    kind: str
    local: str
    project_id: str
    stamp: str
    remote: str | None


class Told(NamedTuple):
    """What the server calls something ("" where it refused it), and the stamp with which it was told."""

    remote: str
    state: str


def due(db: Connection, address: str) -> list[Due]:
    """Everything that the server at `address` does not know as it is now, in the order in which it must be told.

    Runs, the outer before the inner; versions by number; then aliases. What it refused is due again when it changed.
    """
    told = _told(db) if ledger(db)["address"] == address else {}
    found = [*_runs(db), *_versions(db), *_aliases(db)]
    return [
        Due(kind, local, project_id, stamp, (known.remote or None) if known else None)
        for kind, local, project_id, stamp in found
        if not (known := told.get((kind, local))) or known.state.removeprefix(REFUSED) != stamp
    ]


def standing(db: Connection, address: str) -> Json:
    """How the mirror at `address` stands: {waiting, sent, refused, last_error, last_sent_at}."""
    known = ledger(db)
    here = known["address"] == address
    told = [one.state for (kind, _), one in _told(db).items() if kind in {"run", "version"}] if here else []
    refused = sum(state.startswith(REFUSED) for state in told)
    counts = {"waiting": len(due(db, address)), "sent": len(told) - refused, "refused": refused}
    return counts | {name: known[name] if here else None for name in ("last_error", "last_sent_at")}


def claim(db: Connection, address: str, *, patient: bool) -> bool:
    """Take the right to tell the server at `address`; False, where `patient`, while it is too early to try again.

    Another server than the last one is told everything.

    Raises:
        Conflict: another process tells it now.
    """
    lock(db, "mirror")
    at, known = now(db), ledger(db)
    if known["until"] > at:
        raise Conflict(
            "another process sends to MLflow now.", hint="Wait for it; `sightloop status` says how far it is."
        )
    if known["address"] != address:
        forget(db)
        known = EMPTY | {"address": address}
    if patient and known["retry_at"] > at:
        return False
    _write(db, known | {"until": at + LEASE})
    return True


def remember(db: Connection, kind: str, local: str, *, remote: str, state: str) -> None:
    """Keep that `local` is `remote` there and was told as `state`; the sender's right is renewed."""
    _put(db, kind, local, remote=remote, state=state)
    at = now(db)
    _write(db, ledger(db) | {"until": at + LEASE, "last_sent_at": at})


def release(db: Connection, *, error: str | None, backoff: float | None = None) -> None:
    """Give the right back, with what went wrong; `backoff` are the seconds until the first patient try after it."""
    known = ledger(db)
    failures = 0 if backoff is None else min(known["failures"] + 1, 6)
    wait = 0.0 if backoff is None else backoff * 2 ** (failures - 1)
    _write(db, known | {"until": 0.0, "failures": failures, "retry_at": now(db) + wait, "last_error": error})


def forget(db: Connection, kind: str | None = None, local: str | None = None) -> None:
    """Forget what was told of one thing, or of everything: it is told again, and found there by its key."""
    statement = delete(mirrored).where(mirrored.c.kind != SERVER)
    if kind is not None:
        statement = statement.where(mirrored.c.kind == kind, mirrored.c.local == local)
    db.execute(statement)


def known_as(db: Connection, kind: str, local: str | None) -> Told | None:
    """What was told of something; None where nothing was."""
    query = select(mirrored.c.remote, mirrored.c.state).where(mirrored.c.kind == kind, mirrored.c.local == local)
    row = db.execute(query).one_or_none()
    return None if row is None else Told(*row)


def run_of(db: Connection, version_id: str) -> str | None:
    """The id of the training that made a version; None of one that was imported."""
    query = select(run_rows.c.id).where(run_rows.c.version_id == version_id, run_rows.c.kind == "training")
    found: str | None = db.execute(query.order_by(run_rows.c.started_at).limit(1)).scalar()
    return found


def ledger(db: Connection) -> Json:
    """The one row about the server: its address, who sends until when, the failures, and when something was sent."""
    row = known_as(db, SERVER, SERVER)
    return EMPTY | {"address": None} | ({} if row is None else {**json.loads(row.state), "address": row.remote})


def _write(db: Connection, known: Json) -> None:
    state = {name: known[name] for name in EMPTY}
    _put(db, SERVER, SERVER, remote=known["address"], state=json.dumps(state))


def _put(db: Connection, kind: str, local: str, *, remote: str, state: str) -> None:
    statement = rows.insert_or(db, mirrored).values(kind=kind, local=local, remote=remote, state=state)
    same = [mirrored.c.kind, mirrored.c.local]
    db.execute(statement.on_conflict_do_update(index_elements=same, set_={"remote": remote, "state": state}))


def _told(db: Connection) -> dict[tuple[str, str], Told]:
    return {(row.kind, row.local): Told(row.remote, row.state) for row in db.execute(select(mirrored))}


def _runs(db: Connection) -> Iterator[tuple[str, str, str, str]]:
    c = run_rows.c
    last = select(func.max(points.c.seq)).where(points.c.run_id == c.id).scalar_subquery()
    ended = and_(c.state == "running", jobs.c.state.in_(runs.OVER))
    query = select(c.id, c.project_id, c.state, c.finished_at, c.version_id, jobs.c.state, last)
    query = query.outerjoin(jobs, and_(jobs.c.id == c.job_id, ended)).order_by(c.started_at, c.parent_id.is_not(None))
    for name, project_id, *told in db.execute(query.order_by(c.id)):
        yield "run", name, project_id, json.dumps(told)


def _versions(db: Connection) -> Iterator[tuple[str, str, str, str]]:
    c = versions.c
    for name, project_id in db.execute(select(c.id, c.project_id).order_by(c.project_id, c.number)):
        yield "version", name, project_id, "told"


def _aliases(db: Connection) -> Iterator[tuple[str, str, str, str]]:
    c = versions.c
    newest: dict[str, list[str]] = {}
    for name, project_id in db.execute(select(c.id, c.project_id).order_by(c.number.desc())):
        newest.setdefault(project_id, []).append(name)
    p = projects.c
    for project_id, live, previous in db.execute(select(p.id, p.live_version_id, p.previous_version_id)):
        others = [name for name in newest.get(project_id, ()) if name not in {live, previous}]
        named = {"champion": live, "previous": previous, "challenger": next(iter(others), None)}
        if project_id in newest:
            yield "aliases", project_id, project_id, json.dumps({key: name for key, name in named.items() if name})
