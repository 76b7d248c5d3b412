"""What a pipeline brings to the source: listed as a version, live only where it is the first."""

from __future__ import annotations

from pathlib import Path

from sightloop.core.entities import Project
from sightloop.flows import models, outcomes, pipeline_export, pipeline_publishing
from sightloop.flows.access import OPERATOR
from sightloop.flows.pipeline_place import Place, write
from sightloop.flows.pipeline_replica import ABOUT, BUNDLE, MANIFEST
from sightloop.flows.services import Services
from tests import tiny


def candidate(services: Services, root: Path) -> Place:
    """The files of a run whose candidate the gate let through."""
    place = Place(root / "place")
    pipeline_export.export(services, user=OPERATOR, project="paint", place=place)
    for folder in (place.candidate, place.snapshot):
        folder.mkdir(parents=True, exist_ok=True)
    digest = tiny.packed(root / "tiny", place.candidate / BUNDLE)
    about = {"bundle": digest, "family": "linear", "params": {}, "evaluation": {}, "trained": {}}
    write(place.candidate / ABOUT, about)
    outcomes.write(place.candidate, {})
    (place.snapshot / MANIFEST).write_text("")
    write(place.snapshot / ABOUT, {"counts": {}})
    write(place.report("promotion"), {"verdict": "promote"})
    return place


def test_the_first_version_of_a_project_goes_live_by_being_listed_and_is_told_to_be(
    services: Services, project: Project, tmp_path: Path
) -> None:
    place = candidate(services, tmp_path)
    for _ in range(2):
        found = pipeline_publishing.enlist(services, user=OPERATOR, place=place)
        assert found == {"project": "paint", "version": 1, "live": True, "sentence": "Version 1 of paint is live."}
    [listed] = models.listing(services, user=OPERATOR, name="paint")
    assert listed["alias"] == "champion"
