"""Who may reach what: every flow that serves a person begins here."""

from __future__ import annotations

from sightloop.core.entities import Image, Project, Role, User
from sightloop.core.errors import Missing
from sightloop.core.permissions import Action, require
from sightloop.flows.services import Services
from sightloop.store import images, projects
from sightloop.store.database import Connection

OPERATOR = User(id="operator", email="", name="operator", role="admin", created_at=0.0)
"""Whoever holds the data folder: the command line and the worker."""


def role_in(db: Connection, project: Project, *, user: User) -> Role | None:
    """The role of `user` in `project`; admins are admins everywhere, strangers have none."""
    return "admin" if user.role == "admin" else projects.role_of(db, project.id, user=user)


def project_for(services: Services, *, user: User, name: str, action: Action) -> Project:
    """The project called `name`, if `user` may do `action` in it.

    Raises:
        Missing: no such project, or one this user has no part in.
        Forbidden: the role is too low.
    """
    with services.db.connect() as db:
        return project_in(db, user=user, name=name, action=action)


def project_in(db: Connection, *, user: User, name: str, action: Action) -> Project:
    """As `project_for`, on a connection that is open already."""
    project = projects.get(db, name)
    require(role_in(db, project, user=user), action, what=f"project {name!r}")
    return project


def image_for(services: Services, *, user: User, image_id: str, action: Action) -> tuple[Image, Project]:
    """The image and its project, if `user` may do `action` on it.

    Raises:
        Missing: no such image, or not one this user may see.
        Forbidden: the role is too low.
    """
    with services.db.connect() as db:
        image = images.get(db, image_id)
        project = projects.get(db, image.project_id)
        role = role_in(db, project, user=user)
    if role is None:
        raise Missing(f"no image {image_id!r}.")
    require(role, action, what=f"image {image_id!r}")
    return image, project
