"""Put a pipeline's candidate live in the data folder."""

from __future__ import annotations

from sightloop.cli.follow import follow
from sightloop.cli.opening import opened
from sightloop.core.entities import Json
from sightloop.flows import access, gating, models, pipeline_publishing
from sightloop.flows.pipeline_place import Place


def published(place: Place) -> Json:
    """List the candidate, ask the gate with what was labelled meanwhile, put it live.

    Returns {project, version, live, sentence}: see `pipeline_publishing.enlist`.

    Raises:
        Conflict: the gate refuses it, or another version is live than the one it was compared with.
    """
    with opened() as services:
        found = pipeline_publishing.enlist(services, user=access.OPERATOR, place=place)
        if found["version"] is not None and not found["live"]:
            name, ref = found["project"], str(found["version"])
            follow(services, gating.start(services, user=access.OPERATOR, name=name, ref=ref))
            models.promote(services, user=access.OPERATOR, name=name, ref=ref, reason="the pipeline's candidate")
            found |= {"live": True, "sentence": f"Version {ref} of {name} is live."}
    return found
