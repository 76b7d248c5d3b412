"""The members of a cascade: which version answers fast, which accurately, and which ones do where none is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.core.errors import Rejected, Unavailable
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.manifests import CERTIFY
from sightloop.flows.services import Services
from sightloop.store import versions
from sightloop.store.database import Connection

FAMILY = "cascade"
ROLES = ("fast", "accurate")
AGAIN = "certify"  # what follows the training of a live cascade's accurate member


def folders(services: Services, project: Project, params: Json) -> dict[str, Json]:
    """For each role the number of the version and the folder of its unpacked bundle."""
    found = zip(ROLES, named(services, project, params), strict=True)
    return {role: {"version": one.number, "folder": str(unpacked(services, one.bundle))} for role, one in found}


def named(services: Services, project: Project, params: Json) -> list[ModelVersion]:
    """The members that a cascade's parameters name, the fast one first; nothing where they are another family's."""
    with services.db.connect() as db:
        return [versions.get(db, project.id, params[role]) for role in ROLES if role in params]


def live_folder(services: Services, project: Project) -> str | None:
    """The folder of the bundle that a training goes on from: the live one's, of a cascade its accurate member's."""
    with services.db.connect() as db:
        found = live(db, project)
        learnt = learner(db, found) if found else None
    return str(unpacked(services, learnt.bundle)) if learnt else None


def asked(services: Services, project: Project, *, model: str) -> str:
    """The id of the version that a person asks for by a number, an alias or a role.

    fast and accurate are the members of the live cascade; cascade is the live one, else the newest.

    Raises:
        Missing: no such version.
        Unavailable: there is no cascade.
    """
    with services.db.connect() as db:
        if model != FAMILY and model not in ROLES:
            return versions.get(db, project.id, model).id
        answering = live(db, project)
        roles = of(db, answering)
        made = answering if roles else newest(db, project)
    if model in roles:
        return roles[model].id
    if model in ROLES or made is None:
        hint = f"sightloop cascade certify {project.name}, then promote it; or ask for champion."
        raise Unavailable(f"project {project.name!r} has no live cascade, so no {model!r} model.", hint=hint)
    return made.id


def of(db: Connection, version: ModelVersion | None) -> dict[str, ModelVersion]:
    """The members of a cascade by role; nothing for any other version."""
    if version is None or version.family != FAMILY:
        return {}
    return {role: versions.get(db, version.project_id, str(version.params[role])) for role in ROLES}


def learner(db: Connection, version: ModelVersion) -> ModelVersion:
    """The version that learnt, and learns on, where `version` answers: of a cascade its accurate member."""
    return of(db, version).get("accurate", version)


def live(db: Connection, project: Project) -> ModelVersion | None:
    """The project's live version, None where it has none."""
    return versions.by_id(db, project.live_version_id) if project.live_version_id else None


def newest(db: Connection, project: Project) -> ModelVersion | None:
    """The newest cascade of the project, None where it has none."""
    return next((version for version in versions.all(db, project.id) if version.family == FAMILY), None)


def possible(db: Connection, project: Project) -> list[ModelVersion]:
    """The versions that may be members, the newest first: all but cascades."""
    return [version for version in versions.all(db, project.id) if version.family != FAMILY]


def certifies(project: Project) -> bool:
    """Whether the project keeps pictures of its calibration side for certificates."""
    return bool(project.settings.get(CERTIFY))


def missing(project: Project, found: Sequence[ModelVersion]) -> str | None:
    """Why no cascade can be made of the versions `found`, in a sentence with what to do; None where one can."""
    if project.task != "classify":
        return f"A cascade answers with classes, and project {project.name!r} is to {project.task}."
    if not certifies(project):
        return (
            f"Project {project.name!r} keeps no pictures for certificates: switch that on "
            f"(sightloop project set {project.name} --certify), then train its models anew."
        )
    if len(found) < len(ROLES):
        return f"A cascade has two members, and project {project.name!r} has {len(found)}: train a second model."
    return None


def chosen(services: Services, project: Project, given: Mapping[str, Any]) -> Json:
    """The parameters `given` for a cascade with both members named by their numbers.

    What is left open is as in the live cascade; else the fast member is the quickest version there is (by milliseconds
    where all were measured, else by the size of the bundle), the accurate one the best of the others on its
    calibration side.

    Raises:
        Missing: no such version.
        Rejected: none can be made yet, or the named ones cannot be two members.
    """
    with services.db.connect() as db:
        found = possible(db, project)
        asked_for = {role: versions.get(db, project.id, str(given[role])) for role in ROLES if given.get(role)}
        before = of(db, live(db, project))
    if reason := missing(project, found):
        raise Rejected(reason)
    if nested := next((one for one in asked_for.values() if one.family == FAMILY), None):
        raise Rejected(f"version {nested.number} is a cascade itself.", hint="Name two single models.")
    fast, accurate = (asked_for.get(role) for role in ROLES)
    others = _others(found, accurate)
    fast = fast or _still(before.get("fast"), others) or quickest(services, others)
    others = _others(found, fast)
    accurate = accurate or _still(before.get("accurate"), others) or most_accurate(others)
    if fast.id == accurate.id:
        raise Rejected(f"version {fast.number} cannot be both members.", hint="Name two versions.")
    return {**given, "fast": str(fast.number), "accurate": str(accurate.number)}


def quickest(services: Services, found: Sequence[ModelVersion]) -> ModelVersion:
    """The version that takes the least time, as far as that is known; of equal ones the oldest."""
    times = {one.id: milliseconds(one) for one in found}
    if None in times.values():
        sizes = {one.id: float(services.blobs.path(one.bundle).stat().st_size) for one in found}
        return min(found, key=lambda one: (sizes[one.id], one.number))
    return min(found, key=lambda one: (times[one.id] or 0.0, one.number))


def most_accurate(found: Sequence[ModelVersion]) -> ModelVersion:
    """The version with the highest accuracy on its calibration side, never the test side; of equal ones the newest."""
    return max(found, key=lambda one: ((calibrated(one) or {}).get("value") or 0.0, one.number))


def milliseconds(version: ModelVersion) -> float | None:
    """CPU milliseconds a picture, where the training measured them: of the graph that answers."""
    int8 = version.metrics.get("training", {}).get("int8") or {}
    found: float | None = int8.get("ms_int8" if int8.get("kept") else "ms")
    return found


def calibrated(version: ModelVersion) -> Json | None:
    """The accuracy on the calibration side {value, low, high}; None where it is not known."""
    return known(version.metrics.get("training", {}).get("calibration", {}).get("accuracy"))


def known(figure: Json | None) -> Json | None:
    """The figure, None where it has no value or no interval."""
    return None if figure is None or None in figure.values() else figure


def _others(found: Sequence[ModelVersion], taken: ModelVersion | None) -> list[ModelVersion]:
    return [one for one in found if taken is None or one.id != taken.id]


def _still(before: ModelVersion | None, free: Sequence[ModelVersion]) -> ModelVersion | None:
    """What was so before, where it is free still."""
    return next((one for one in free if before is not None and one.id == before.id), None)
