"""A project's registry: list versions, put one live, go back, read the deployment log."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from sightloop.core.entities import Json, ModelVersion, Project, Promotion, User
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows import gating, showing, watching
from sightloop.flows.access import project_for
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.store import names, projects, snapshots, versions

SVG, WEBP = "image/svg+xml", "image/webp"


def listing(services: Services, *, user: User, name: str) -> list[Json]:
    """All versions, newest first, with their alias (champion, previous, challenger) and who made them."""
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        found = versions.all(db, project.id)
    return _told(services, found, project, newest=found[0] if found else None)


def _told(
    services: Services, found: Sequence[ModelVersion], project: Project, *, newest: ModelVersion | None
) -> list[Json]:
    aliases = {newest.id: "challenger"} if newest else {}
    aliases |= {str(project.previous_version_id): "previous", str(project.live_version_id): "champion"}
    with services.db.connect() as db:
        people = names.of_users(db, [version.created_by for version in found])
    return [
        {
            **dataclasses.asdict(version),
            "alias": aliases.get(version.id),
            "by_name": people.get(version.created_by or ""),
        }
        for version in found
    ]


def show(services: Services, *, user: User, name: str, ref: str) -> Json:
    """One version as in `listing`, with its card, None where its bundle has none, its snapshot's `counts`, and `plots`.

    `plots` are the names that `plot` knows.
    """
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        version, newest = versions.get(db, project.id, ref), versions.all(db, project.id)[0]
        counts = snapshots.sides(db, version.snapshot_id) if version.snapshot_id else None
    [told] = _told(services, [version], project, newest=newest)
    card = unpacked(services, version.bundle) / "card.md"
    text = card.read_text() if card.is_file() else None
    return {
        **told,
        "counts": counts,
        "card": text,
        "plots": sorted([*_plots(services, version), *showing.kinds(version)]),
    }


def bundle(services: Services, *, user: User, name: str, ref: str) -> tuple[Path, str]:
    """A version's packed bundle on this machine, and what to call it."""
    project = project_for(services, user=user, name=name, action="export")
    with services.db.connect() as db:
        version = versions.get(db, project.id, ref)
    return services.blobs.path(version.bundle), f"{project.name}-v{version.number}.bundle"


def plot(services: Services, *, user: User, name: str, ref: str, plot: str) -> tuple[bytes, str]:
    """One of a version's plots, such as confusion, curve or worst, and its media type.

    Raises:
        Rejected: it has no such plot; the hint names those it has.
        Missing: the pictures that it would show are gone.
    """
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        version = versions.get(db, project.id, ref)
    drawn, sheets = _plots(services, version), showing.kinds(version)
    if plot in sheets:
        return showing.sheet(services, project, version, kind=plot), WEBP
    if plot not in drawn:
        raise Rejected(f"no plot {plot!r}.", hint=f"There are: {', '.join(sorted([*drawn, *sheets])) or 'none'}.")
    return drawn[plot].read_bytes(), SVG


def _plots(services: Services, version: ModelVersion) -> dict[str, Path]:
    """The files of a version's plots by name."""
    folder = unpacked(services, version.bundle) / "plots"
    return {path.stem: path for path in folder.glob("*.svg")}


def promote(services: Services, *, user: User, name: str, ref: str, reason: str = "", force: bool = False) -> Promotion:
    """Put a version live by one row update; every server follows within a second without a failed request.

    Where another one is live the gate is asked first. Its verdict is kept in the log, and that it was overruled.

    Args:
        force: although the gate has not found it better, for a `reason`.

    Raises:
        Missing: no such version.
        Conflict: it is live already.
        GateRefused: it is not shown to be better, and why.
        Rejected: it is forced without a reason.
    """
    project = project_for(services, user=user, name=name, action="promote")
    with services.db.connect() as db:
        version = versions.get(db, project.id, ref)
    action, detail = gating.cleared(services, project, version, reason=reason, force=force)
    return _go_live(services, project, version, user=user, action=action, reason=reason, detail=detail)


def rollback(services: Services, *, user: User, name: str, reason: str = "") -> Promotion:
    """Put the previous version back; the gate is not asked.

    Raises:
        Rejected: there is no previous version.
        Conflict: the project has gone back already, so that the previous version is the one that was taken back.
    """
    project = project_for(services, user=user, name=name, action="promote")
    if project.previous_version_id is None:
        raise Rejected(f"project {name!r} has no previous version.", hint="Promote another version instead.")
    with services.db.connect() as db:
        version = versions.get(db, project.id, project.previous_version_id)
        newest = projects.promotions(db, project.id)[0]
    if newest.action == "rollback":
        why = f" {newest.reason}" if newest.reason else ""
        hint = f"Promote it with --force: sightloop models promote {name} {version.number} --force --reason WHY"
        raise Conflict(f"version {version.number} was taken back already.{why}", current=version.number, hint=hint)
    return _go_live(services, project, version, user=user, action="rollback", reason=reason)


def _go_live(
    services: Services,
    project: Project,
    version: ModelVersion,
    *,
    user: User,
    action: str,
    reason: str,
    detail: Json | None = None,
) -> Promotion:
    unpacked(services, version.bundle)
    with services.db.begin() as db:
        done = projects.set_live(
            db, project.id, version_id=version.id, by=user.id, action=action, reason=reason, detail=detail
        )
        if done.replaced_id != project.live_version_id:
            raise Conflict("another version went live meanwhile.", current=done.replaced_id, hint="Look at it first.")
        (watching.went_back if action == "rollback" else watching.begin)(db, project, done)
    return done


def log(services: Services, *, user: User, name: str) -> list[Promotion]:
    """Who put which version live when, newest first; nothing in it is ever changed."""
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        return projects.promotions(db, project.id)


def export(services: Services, *, user: User, name: str, ref: str, target: Path) -> Path:
    """Copy a version's packed bundle to `target`: one file."""
    project = project_for(services, user=user, name=name, action="export")
    with services.db.connect() as db:
        version = versions.get(db, project.id, ref)
    if target.exists():
        raise Conflict(f"{target} exists already.", hint="Choose another name.")
    target.write_bytes(services.blobs.get(version.bundle))
    return target
