"""Ask a version what it says of labelled pictures that it has not answered, so that it can be judged by them."""

from __future__ import annotations

from collections.abc import Sequence

from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.core.ports import Report
from sightloop.flows import cases, outcomes
from sightloop.flows.bundle_cache import predictor
from sightloop.flows.judging import judge
from sightloop.flows.services import Services
from sightloop.store.labelled import Labelled


def complete(
    services: Services, project: Project, version: ModelVersion, pictures: Sequence[Labelled], *, report: Report
) -> int:
    """Keep what the version says of each of these pictures as an evaluation does; returns of how many it could."""
    if not pictures:
        return 0
    judging = cases.stored(services, [_row(picture) for picture in pictures])
    said = judge(predictor(services, version.bundle), judging, project=project, report=report).said()
    with services.db.begin() as db:
        outcomes.keep(db, said, project=project, version=version, at=services.clock())
    return len(said)


def _row(picture: Labelled) -> Json:
    """As of a snapshot, whichever side it is on."""
    row: Json = {"image_id": picture.id, "sha256": picture.sha256, "label": picture.label, "group": picture.group}
    return row | {"side": "test", "leaked": False, "mask": picture.mask}
