"""Which pictures taught a model version, so that nothing judges it by what it has seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sightloop.core.entities import ModelVersion, Project, Side, TrainingSet
from sightloop.flows import manifests, members
from sightloop.flows.services import Services
from sightloop.store import snapshots, versions
from sightloop.store.labelled import Labelled

LEARNT: tuple[Side, ...] = ("train", "calibration")


@dataclass(frozen=True)
class Taught:
    """Ids of the pictures and of their groups."""

    images: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def met(self, picture: Labelled) -> bool:
        """Whether the version learnt from this picture, or from one of its group of near copies.

        A picture that an imported data set had on two sides is no reason: it stands on one here.
        """
        return picture.id in self.images or picture.group in self.groups


def by(services: Services, version: ModelVersion) -> Taught:
    """What the version's snapshot taught and tuned it with, and its members where it is a cascade.

    Nothing where it has no snapshot. Pictures that certify are left out, but for those of a cascade: its limit was
    chosen with them.
    """
    with services.db.connect() as db:
        concerned = [version, *members.of(db, version).values()]
        taken = [(one, snapshots.get(db, one.snapshot_id)) for one in concerned if one.snapshot_id]
    rows = [
        row
        for one, snapshot in taken
        for row in manifests.read(services, snapshot)
        if row["side"] in LEARNT and (one.family == members.FAMILY or not row.get("certifies"))
    ]
    return Taught(frozenset(row["image_id"] for row in rows), frozenset(row["group"] for row in rows))


def groups_ever(services: Services, project: Project) -> frozenset[str]:
    """The groups that taught or tuned any version of the project, pictures that are gone included."""
    with services.db.connect() as db:
        used = {one.snapshot_id for one in versions.all(db, project.id)}
        taken = [one for one in snapshots.all(db, project.id) if one.id in used]
    found = (row for one in taken for row in manifests.read(services, one))
    return frozenset(row["group"] for row in found if row["side"] in LEARNT)


def unmet(services: Services, found: Iterable[ModelVersion], data: TrainingSet) -> TrainingSet:
    """The training set with only those certifying pictures that none of the versions `found` has met."""
    known = [by(services, version) for version in found]
    fresh = [
        one
        for one in data.certification
        if not any(one.image_id in met.images or one.group_id in met.groups for met in known)
    ]
    return replace(data, certification=tuple(fresh))
