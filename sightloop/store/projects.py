"""Projects, their members, and the log of which model version was live when."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, delete, insert, or_, select
from sqlalchemy import update as change

from sightloop.core.entities import Json, Project, Promotion, Role, User
from sightloop.core.errors import Conflict, Missing, Rejected
from sightloop.store import rows
from sightloop.store.database import lock, now
from sightloop.store.tables import members as roles
from sightloop.store.tables import projects, users
from sightloop.store.tables import promotions as log

CHANGEABLE: Final = frozenset({"title", "classes", "floor", "settings"})


def add(db: Connection, project: Project) -> Project:
    """Add a project; raises Conflict where the name is taken."""
    statement = rows.insert_or(db, projects).values(rows.values(project) | {"classes": list(project.classes)})
    statement = statement.on_conflict_do_nothing(index_elements=[projects.c.name]).returning(projects.c.id)
    if db.execute(statement).first() is None:
        raise Conflict(f"there is a project {project.name!r} already.", hint="Choose another name.")
    return project


def get(db: Connection, name_or_id: str) -> Project:
    """The project with this name or id; raises Missing."""
    query = select(*rows.columns(projects, Project))
    found = db.execute(query.where(or_(projects.c.name == name_or_id, projects.c.id == name_or_id))).first()
    if found is None:
        raise Missing(f"no project {name_or_id!r}.")
    return rows.read(Project, found)


def all(db: Connection, *, reader: User | None = None) -> list[Project]:  # noqa: A001
    """The projects that `reader` may see, by name; all of them for an admin and for None."""
    query = select(*rows.columns(projects, Project)).order_by(projects.c.name)
    if reader is not None and reader.role != "admin":
        query = query.join(roles, roles.c.project_id == projects.c.id).where(roles.c.user_id == reader.id)
    return [rows.read(Project, row) for row in db.execute(query)]


def update(db: Connection, project: Project, **changes: Any) -> Project:
    """Change title, classes, floor or settings of the project as the caller knew it.

    Raises:
        Conflict: somebody changed it since `project.revision`; carries what it is now.
        Rejected: a value that may not be changed.
    """
    if not changes.keys() <= CHANGEABLE:
        raise Rejected(f"cannot change {sorted(changes.keys() - CHANGEABLE)} of a project.")
    if "classes" in changes:
        changes["classes"] = list(changes["classes"])
    c = projects.c
    statement = change(projects).where(c.id == project.id, c.revision == project.revision)
    done = db.execute(statement.values(**changes, revision=project.revision + 1)).rowcount
    current = get(db, project.id)
    if not done:
        state = rows.values(current) | {"classes": list(current.classes)}
        raise Conflict(
            f"project {project.name!r} is at revision {current.revision}, not {project.revision}.", current=state
        )
    return current


def members(db: Connection, project_id: str) -> list[tuple[User, Role]]:
    """Who has a role on a project, by name."""
    query = select(*rows.columns(users, User), roles.c.role).join(roles, roles.c.user_id == users.c.id)
    query = query.where(roles.c.project_id == project_id).order_by(users.c.name, users.c.id)
    return [(rows.read(User, row[:-1]), row[-1]) for row in db.execute(query)]


def set_member(db: Connection, project_id: str, *, user_id: str, role: Role) -> None:
    """Give a user a role on a project."""
    statement = rows.insert_or(db, roles).values(project_id=project_id, user_id=user_id, role=role, added_at=now(db))
    same = [roles.c.project_id, roles.c.user_id]
    db.execute(statement.on_conflict_do_update(index_elements=same, set_={"role": role}))


def remove_member(db: Connection, project_id: str, *, user_id: str) -> None:
    """Take a user's role on a project away; none is fine."""
    db.execute(delete(roles).where(roles.c.project_id == project_id, roles.c.user_id == user_id))


def role_of(db: Connection, project_id: str, *, user: User) -> Role | None:
    """The role of a user on a project; admins are admin everywhere."""
    if user.role == "admin":
        return "admin"
    query = select(roles.c.role).where(roles.c.project_id == project_id, roles.c.user_id == user.id)
    role: Role | None = db.execute(query).scalar_one_or_none()
    return role


def set_live(
    db: Connection,
    project_id: str,
    *,
    version_id: str,
    by: str | None,
    action: str,
    reason: str = "",
    detail: Json | None = None,
) -> Promotion:
    """Make a version live: one row update and one row of the log, with the figures (`detail`) that led to it.

    Raises:
        Conflict: it is live already.
    """
    lock(db, f"live:{project_id}")
    replaced = get(db, project_id).live_version_id
    if replaced == version_id:
        raise Conflict(f"version {version_id} is live already.", current=version_id)
    db.execute(
        change(projects)
        .where(projects.c.id == project_id)
        .values(live_version_id=version_id, previous_version_id=replaced)
    )
    values: Json = {"project_id": project_id, "version_id": version_id, "replaced_id": replaced, "action": action}
    values |= {"by": by, "reason": reason, "created_at": now(db), "detail": detail}
    seq = db.execute(insert(log).values(values).returning(log.c.seq)).scalar_one()
    return Promotion(seq=seq, **values)


def promotions(db: Connection, project_id: str) -> list[Promotion]:
    """Which version was live when, the newest first."""
    query = select(*rows.columns(log, Promotion)).where(log.c.project_id == project_id)
    return [Promotion(*row) for row in db.execute(query.order_by(log.c.seq.desc()))]


def live_versions(db: Connection) -> dict[str, str | None]:
    """The live version of every project, for runtimes that poll: project id → version id."""
    return {row[0]: row[1] for row in db.execute(select(projects.c.id, projects.c.live_version_id))}
