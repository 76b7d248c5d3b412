"""How a project's cascade stands: what it promises, what it does, and what could be its members."""

from __future__ import annotations

from collections.abc import Sequence

from sightloop import families
from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Json, ModelVersion, Project, User
from sightloop.flows import cascade_audit, members, taught
from sightloop.flows.access import project_for
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.measure import deferral
from sightloop.store import cascades
from sightloop.store.cascades import Certifying
from sightloop.store.database import Connection


def state(services: Services, *, user: User, name: str) -> Json:
    """How the project's cascade stands: the live one, else the newest.

    Returns {active, version, certificate, members, live, audit, candidates, pictures, reason}: `certificate` is that
    of the bundle (`families.certifying`), `live` and `audit` are as in `cascade_audit`, `members` has a row of
    `candidates` by role. A candidate is {version, family, backbone, accuracy, calibration, ms, certifies}: its accuracy
    on the test side and on its calibration side, CPU milliseconds a picture, and how many of the certifying pictures it
    has never met. `pictures` is {certification, needed}; of near copies one counts. `reason` says why none can be made
    yet, else it is None. What is not there, or not known, is None.
    """
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        found = members.possible(db, project)
        shown = _shown(db, project)
        roles = members.of(db, shown)
        pictures = _certifying(db, project)
    promise = _certificate(services, shown) if shown else None
    told = {row["version"]: row for row in _candidates(services, found, pictures, promise or {})}
    return {
        "active": shown is not None and shown.id == project.live_version_id,
        "version": shown.number if shown else None,
        "certificate": promise,
        "members": {role: told[one.number] for role, one in roles.items()} or None,
        "live": cascade_audit.live(services, shown) if shown else None,
        "audit": cascade_audit.audit(services, shown, promise) if shown and promise else None,
        "candidates": list(told.values()),
        "pictures": {"certification": _alone(pictures), "needed": _needed(promise)},
        "reason": members.missing(project, found),
    }


def _shown(db: Connection, project: Project) -> ModelVersion | None:
    live = members.live(db, project)
    return live if live is not None and live.family == members.FAMILY else members.newest(db, project)


def _certifying(db: Connection, project: Project) -> list[Certifying]:
    """The pictures that would certify a cascade made now."""
    if not members.certifies(project):
        return []
    return cascades.certifying(db, project.id, project.classes)


def _certificate(services: Services, version: ModelVersion) -> Json | None:
    return bundle_format.parse(unpacked(services, version.bundle)).certificate or None


def _candidates(
    services: Services, found: Sequence[ModelVersion], pictures: Sequence[Certifying], promise: Json
) -> list[Json]:
    measured = {one["version"]: one["ms"] for one in promise.get("members", {}).values()}
    fresh: dict[str | None, int] = {}  # by snapshot: versions made of the same pictures met the same
    for version in found:
        if version.snapshot_id not in fresh:
            known = taught.by(services, version)
            unmet = [one for one in pictures if one.id not in known.images and one.group not in known.groups]
            fresh[version.snapshot_id] = _alone(unmet)
    return [
        {
            "version": version.number,
            "family": version.family,
            "backbone": str(version.params.get("backbone", "")),
            "accuracy": members.known(version.metrics.get("test", {}).get("accuracy")),
            "calibration": members.calibrated(version),
            "ms": measured.get(version.number, members.milliseconds(version)),
            "certifies": fresh[version.snapshot_id],
        }
        for version in found
    ]


def _alone(pictures: Sequence[Certifying]) -> int:
    """How many pictures certify: of a group of near copies, which are not drawn by themselves, one."""
    return len({one.group for one in pictures})


def _needed(promise: Json | None) -> int:
    """The least number of pictures that certify anything: for what was promised last, or is by default."""
    if promise is not None:
        return int(promise["needed"])
    usual = families.params(members.FAMILY, {})
    return deferral.needed(usual.epsilon, usual.delta)
