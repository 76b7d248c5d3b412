"""What clients of the predecessors say by other names: a project by what it is for, a picture by its class and file."""

from __future__ import annotations

from collections.abc import Collection

from sightloop.core.entities import Image, User
from sightloop.core.errors import Conflict, Missing
from sightloop.core.permissions import Action
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import images, projects
from sightloop.store.images import Filters

MOST_ALIKE = 500  # pictures whose names hold the asked one, among which it is looked for


def project_name(services: Services, *, user: User, recipes: Collection[str], named: str | None, action: Action) -> str:
    """The project `named`, or else the oldest of these recipes that `user` has a part in.

    Raises:
        Missing: there is none.
        Forbidden: the role in it is below what `action` needs.
    """
    if named is None:
        with services.db.connect() as db:
            seen = [one for one in projects.all(db, reader=user) if one.recipe in recipes]
        if not seen:
            raise Missing(
                f"no project of recipe {' or '.join(sorted(recipes))}.", hint="Name one in SIGHTLOOP_LEGACY_PROJECTS."
            )
        named = min(seen, key=lambda one: (one.created_at, one.id)).name
    return project_for(services, user=user, name=named, action=action).name


def picture(services: Services, *, user: User, project: str, shown: str, name: str) -> Image:
    """The picture of a class whose file is called `name`, or whose id that is.

    Raises:
        Missing: there is none.
        Conflict: several are called so; ids are unique.
    """
    target = project_for(services, user=user, name=project, action="label")
    with services.db.connect() as db:
        by_id = [one for one in images.many(db, [name]) if one.project_id == target.id and one.trashed_at is None]
        alike, _ = images.page(db, target.id, filters=Filters(search=name), limit=MOST_ALIKE)
    found = by_id or [one for one in alike if one.name == name and shown in (one.label, one.shown, one.predicted)]
    if not found:
        raise Missing(f"project {project!r} has no picture {name!r} under {shown!r}.", hint="Names and ids both work.")
    if len(found) > 1:
        raise Conflict(f"{len(found)} pictures are called {name!r}.", current=len(found), hint="Use an id instead.")
    return found[0]
