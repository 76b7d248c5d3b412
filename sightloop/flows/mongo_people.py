"""BioSight's users as accounts here: everybody keeps name and e-mail address and chooses a new password."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sightloop.core.entities import Project, User
from sightloop.core.errors import Rejected
from sightloop.core.ids import new_id
from sightloop.flows.accounts import check_email, hash_password
from sightloop.flows.mongo_dump import Account
from sightloop.flows.services import Services
from sightloop.store import projects, users

MAX_NAME = 100


def bring(services: Services, project: Project, people: Sequence[Account]) -> tuple[dict[str, str], int]:
    """Open the accounts that are missing, with a password nobody knows, and let everybody review in the project.

    Returns:
        User ids by every word an image may name its owner by, and how many accounts are new.
    """
    owners: dict[str, str] = {}
    added = 0
    for one in people:
        try:
            email = check_email(one.email)
        except Rejected:
            continue
        person, new = _person(services, project, one, email=email)
        owners |= dict.fromkeys(one.keys, person.id)
        added += new
    return owners, added


def _person(services: Services, project: Project, one: Account, *, email: str) -> tuple[User, bool]:
    nobody = hash_password(secrets.token_urlsafe(32), email=email)
    with services.db.begin() as db:
        known = users.by_email(db, email)
        person = known[0] if known else User(new_id(), email, one.name[:MAX_NAME], "reviewer", services.clock())
        if known is None:
            users.add(db, person, password_hash=nobody)
        if projects.role_of(db, project.id, user=person) is None:
            projects.set_member(db, project.id, user_id=person.id, role="reviewer")
    return person, known is None
