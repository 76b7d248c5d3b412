"""Which pictures taught a model version, so that nothing judges it by what it has seen."""

from __future__ import annotations

from dataclasses import dataclass

from sightloop.core.entities import ModelVersion
from sightloop.flows import manifests
from sightloop.flows.services import Services
from sightloop.store import snapshots
from sightloop.store.labelled import Labelled


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
    """What is on the training and calibration sides of the version's snapshot; nothing where it has none."""
    if version.snapshot_id is None:
        return Taught()
    with services.db.connect() as db:
        taken = snapshots.get(db, version.snapshot_id)
    rows = [row for row in manifests.read(services, taken) if row["side"] in ("train", "calibration")]
    return Taught(frozenset(row["image_id"] for row in rows), frozenset(row["group"] for row in rows))
