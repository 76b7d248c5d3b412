"""Deliver notices to webhooks and into a folder: each once, again and again until it arrives, ever less often."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Final

from sightloop.core.entities import Json, User
from sightloop.core.errors import Missing, SightloopError
from sightloop.core.permissions import require
from sightloop.flows import notice_forms
from sightloop.flows.services import Services
from sightloop.store import disk, notices, webhooks
from sightloop.store.notices import FOLDER, MAX_TRIES, Due

TURN: Final = 5.0  # seconds after which the clock's other duties come first; what is begun is finished
BACKOFF: Final = 5.0  # seconds until the second try, three times as many after each further one
LONGEST: Final = 6 * 3600.0
SENTENCE: Final = "This is a test: whoever reads it is told what happens in Sightloop."
KEPT: Final = 90 * 86_400.0  # seconds a notice is kept that nobody waits for

log = logging.getLogger(__name__)


def deliver_due(services: Services) -> None:
    """What the clock does: deliver what is due for some seconds; a target that fails has its next turn later."""
    with services.db.connect() as db:
        if not notices.any_due(db):
            return
    _forget_the_folder(services)
    until, down = time.monotonic() + TURN, set[str]()
    while time.monotonic() < until:
        with services.db.begin() as db:
            due = notices.claim(db, without=down)
        if due is None:
            return
        if _deliver(services, due, retry=True) is not None:
            down.add(due.target)


def trim(services: Services) -> None:
    """Forget notices of more than 90 days that nobody is still to get."""
    with services.db.begin() as db:
        notices.trim(db, before=services.db.now(db) - KEPT)


def try_now(services: Services, *, user: User, webhook_id: str | None = None) -> list[Json]:
    """Tell one target, or every one, a notice that says it is a test, now and once.

    Returns:
        {target, url, delivered_at, error} for each; `target` is a webhook's id, or "folder".

    Raises:
        Forbidden: only administrators may.
        Missing: no such webhook, or nobody at all to tell.
    """
    require(user.role, "administer", what="notices")
    with services.db.begin() as db:
        hooks = [one.id for one in webhooks.all(db)] if webhook_id is None else [webhooks.get(db, webhook_id).id]
        folder = [FOLDER] if webhook_id is None and services.notices else []
        if not (targets := [*hooks, *folder]):
            raise Missing("there is nobody to tell.", hint="sightloop notices add URL, or set SIGHTLOOP_NOTICES.")
        tries = notices.once(db, kind="test", sentence=SENTENCE, targets=targets)
    return [_try(services, due) for due in tries]


def _try(services: Services, due: Due) -> Json:
    error = _deliver(services, due, retry=False)
    at = services.clock() if error is None else None
    return {"target": due.target, "url": due.url, "delivered_at": at, "error": error}


def _deliver(services: Services, due: Due, *, retry: bool) -> str | None:
    """One try; returns why it failed, None where it arrived."""
    error = _attempt(services, due)
    wait = min(BACKOFF * 3 ** (due.tries - 1), LONGEST) if retry and due.tries < MAX_TRIES else None
    with services.db.begin() as db:
        if error is None:
            notices.delivered(db, due)
        else:
            notices.failed(db, due, error=error, wait=wait)
    if error is not None:
        log.warning("notice %d for %s, try %d of %d: %s", due.seq, due.target, due.tries, MAX_TRIES, error)
    return error


def _attempt(services: Services, due: Due) -> str | None:
    try:
        if due.target == FOLDER:
            _drop(services, due)
        else:
            _post(services, due)
    except SightloopError as error:
        return error.message
    except OSError as error:
        return f"the folder for notices cannot be written to: {error.strerror or type(error).__name__}."
    return None


def _post(services: Services, due: Due) -> None:
    if due.url is None or due.secret is None:
        raise Missing("the webhook was removed.")
    body = notice_forms.body(due)
    services.poster.post(due.url, body, headers=notice_forms.headers(due, body=body, secret=due.secret))


def _drop(services: Services, due: Due) -> None:
    """The mail first, then the JSON, each complete or not there at all."""
    if services.notices is None:
        raise Missing("no folder for notices is set.", hint="Set SIGHTLOOP_NOTICES.")
    services.notices.mkdir(parents=True, exist_ok=True)
    name = f"{due.seq}-{due.kind}"
    _write(services.notices, f"{name}.eml", notice_forms.mail(due))
    _write(services.notices, f"{name}.json", notice_forms.body(due))


def _write(folder: Path, name: str, data: bytes) -> None:
    draft = disk.write(folder, data)
    draft.replace(folder / name)
    disk.sync(folder)


def _forget_the_folder(services: Services) -> None:
    """Where no folder is set, what happens now is never to appear in one that is set later."""
    if services.notices is None:
        with services.db.begin() as db:
            notices.forget(db, FOLDER)
