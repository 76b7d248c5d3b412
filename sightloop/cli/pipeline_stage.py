"""Carry out one stage of a pipeline in an installation that lasts as long as the stage."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightloop.cli.opening import settings_in_force
from sightloop.cli.output import counter

if TYPE_CHECKING:
    from sightloop.core.entities import Json, Project
    from sightloop.flows.pipeline_place import Place
    from sightloop.flows.services import Services


def stage(folder: Path, name: str, *, settings: Json | None = None, **given: Any) -> Json:
    """Carry a stage out in an installation of its own that is gone afterwards; not one that has nothing to do."""
    from sightloop.flows.pipeline_place import Place
    from sightloop.flows.pipeline_skipping import passed_over

    place = Place(folder)
    if (told := passed_over(place, name)) is not None:
        return told
    from sightloop.flows import pipeline_stages

    with _replica(place, settings or {}) as (services, project), counter() as report:
        found: Json = getattr(pipeline_stages, name)(services, project, place, report=report, **given)
    return found


@contextmanager
def _replica(place: Place, settings: Json) -> Iterator[tuple[Services, Project]]:
    """An installation filled with the export; nothing of this machine's but the backbone weights is used."""
    from sightloop import settings as settings_module
    from sightloop import wiring
    from sightloop.flows import pipeline_replica

    weights = settings_in_force().weights_folder.absolute()
    with tempfile.TemporaryDirectory(prefix="sightloop-pipeline-") as folder:
        alone = {"data": Path(folder) / "data", "database_url": None, "blobs_url": None, "mlflow_uri": None}
        services = wiring.build(settings_module.load(**alone, weights=weights))
        try:
            yield services, pipeline_replica.fill(services, place, settings)
        finally:
            services.close()
