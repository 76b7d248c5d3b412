"""Create, list and change projects and their members."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from sightloop.core.entities import NOTHING, UNKNOWN, Json, Project, Role, User
from sightloop.core.errors import Conflict, Forbidden, Missing, Rejected
from sightloop.core.ids import new_id
from sightloop.core.permissions import allows
from sightloop.core.recipes import RECIPES, Recipe, check_floor
from sightloop.flows import project_settings
from sightloop.flows.access import project_for, role_in
from sightloop.flows.services import Services
from sightloop.store import images, projects, users, versions

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MAX_CLASSES = 1000
MAX_MASK_CLASSES = 255  # a mask has a byte for each pixel
MAX_CLASS_LENGTH = 100


def create(
    services: Services, *, user: User, name: str, recipe: str = "blank", title: str = "", classes: Sequence[str] = ()
) -> Project:
    """Create a project from a recipe; its creator becomes its maintainer.

    Raises:
        Forbidden: the user's role is below maintainer.
        Rejected: the name, the recipe or a class does not fit.
        Conflict: the name is taken.
    """
    if not allows(user.role, "manage"):
        raise Forbidden(f"role {user.role!r} may not create projects.", hint="Ask for the role 'maintainer'.")
    project = _draft(services, user=user, name=name, recipe=_recipe(recipe), title=title, classes=classes)
    with services.db.begin() as db:
        projects.add(db, project)
        if user.role != "admin":
            projects.set_member(db, project.id, user_id=user.id, role="maintainer")
    return project


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise Rejected(f"no recipe {name!r}.", hint=f"Known recipes: {', '.join(sorted(RECIPES))}.")
    return RECIPES[name]


def _draft(services: Services, *, user: User, name: str, recipe: Recipe, title: str, classes: Sequence[str]) -> Project:
    if not NAME.fullmatch(name):
        raise Rejected(f"project name {name!r} does not fit.", hint="Use a-z, 0-9 and dashes, at most 63 characters.")
    return Project(
        id=new_id(),
        name=name,
        title=title or name,
        task=recipe.task,
        recipe=recipe.name,
        classes=check_classes(classes or recipe.classes, task=recipe.task),
        floor=recipe.floor,
        settings=dict(recipe.settings),
        created_by=user.id,
        created_at=services.clock(),
    )


def check_classes(classes: Sequence[str], *, task: str) -> tuple[str, ...]:
    """The classes as a tuple.

    Raises:
        Rejected: too many, one twice, an empty or overlong name, or a reserved word: "unknown", of masks "nothing" too.
    """
    segments = task == "segment"
    most, reserved = (MAX_MASK_CLASSES, (UNKNOWN, NOTHING)) if segments else (MAX_CLASSES, (UNKNOWN,))
    if len(classes) > most:
        raise Rejected(f"{len(classes)} classes are too many.", hint=f"At most {most}.")
    for name in classes:
        if not name.strip() or len(name) > MAX_CLASS_LENGTH or name in reserved or not name.isprintable():
            raise Rejected(
                f"class name {name!r} does not fit.", hint=f"1..{MAX_CLASS_LENGTH} characters, not {reserved[-1]!r}."
            )
        if list(classes).count(name) > 1:
            raise Rejected(f"class {name!r} is named twice.", hint="Name each class once.")
    return tuple(classes)


def listing(services: Services, *, user: User) -> list[Project]:
    """The projects this user has a part in."""
    with services.db.connect() as db:
        return projects.all(db, reader=user)


def show(services: Services, *, user: User, name: str) -> Json:
    """A project with its counts per tab, the user's role in it and its live model version."""
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        live = versions.get(db, project.id, project.live_version_id) if project.live_version_id else None
        return {
            **dataclasses.asdict(project),
            "role": role_in(db, project, user=user),
            "counts": images.counts(db, project.id),
            "live_version": live.number if live else None,
            "live_metrics": live.metrics if live else None,
            "trash_days": project.settings.get("trash_days", services.trash_days),
        }


def update(
    services: Services,
    *,
    user: User,
    name: str,
    revision: int | None = None,
    title: str | None = None,
    floor: float | None = None,
    classes: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Project:
    """Change what is given; a new floor re-sorts the pictures into tabs at once and touches no label.

    Raises:
        Rejected: a value does not fit, or a class that has labels would vanish.
        Conflict: somebody changed the project since `revision`.
    """
    project = project_for(services, user=user, name=name, action="manage")
    if revision is not None and revision != project.revision:
        raise Conflict(f"project {name!r} was changed meanwhile.", current=dataclasses.asdict(project))
    changes = _changes(project, title=title, floor=floor, classes=classes, settings=settings)
    with services.db.begin() as db:
        project = projects.update(db, project, **changes)
        if "floor" in changes:
            project_settings.refloor(db, project, by=user.id)
    return project


def _changes(
    project: Project,
    *,
    title: str | None,
    floor: float | None,
    classes: Sequence[str] | None,
    settings: Mapping[str, Any] | None,
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if title is not None:
        changes["title"] = title
    if floor is not None:
        check_floor(floor)
        changes["floor"] = floor
    if classes is not None:
        gone = set(project.classes) - set(classes)
        if gone:
            raise Rejected(f"class {sorted(gone)[0]!r} would vanish.", hint="Classes can be added, not removed.")
        if project.task == "segment" and tuple(classes[: len(project.classes)]) != project.classes:
            raise Rejected(
                f"the order of the classes is that of the masks: {', '.join(project.classes)}.",
                hint="Name new ones behind them.",
            )
        changes["classes"] = check_classes(classes, task=project.task)
    if settings is not None:
        project_settings.check(settings)
        changes["settings"] = {**project.settings, **settings}
    return changes


def members(services: Services, *, user: User, name: str) -> list[Json]:
    """Who has a part in the project, with role."""
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        found = projects.members(db, project.id)
    return [{"id": one.id, "email": one.email, "name": one.name, "role": role} for one, role in found]


def set_member(services: Services, *, user: User, name: str, email: str, role: str) -> None:
    """Give the account with this e-mail address a role in the project.

    Raises:
        Missing: no such account.
        Rejected: no such role.
    """
    project = project_for(services, user=user, name=name, action="manage")
    roles: dict[str, Role] = {one: one for one in get_args(Role) if one != "admin"}
    if role not in roles:
        raise Rejected(f"no project role {role!r}.", hint=f"Known roles: {', '.join(roles)}.")
    with services.db.begin() as db:
        found = users.by_email(db, email)
        if found is None:
            raise Missing(f"no account {email!r}.", hint="They register first, then you add them.")
        projects.set_member(db, project.id, user_id=found[0].id, role=roles[role])


def remove_member(services: Services, *, user: User, name: str, user_id: str) -> None:
    """End somebody's part in the project; what they said of pictures stays."""
    project = project_for(services, user=user, name=name, action="manage")
    with services.db.begin() as db:
        projects.remove_member(db, project.id, user_id=user_id)
