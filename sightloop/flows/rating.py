"""How good a version's stored answers are, picture by picture, by the labels and the threshold of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.store import outcomes
from sightloop.store.database import Connection
from sightloop.store.labelled import Labelled

Rates = Mapping[str, float]  # by image id: how good an answer was, 0..1


def rates(db: Connection, project: Project, version: ModelVersion, pictures: Sequence[Labelled]) -> Rates:
    """1 or 0 for right or wrong, or the Dice with the mask and at the threshold of now; without what is not known."""
    ids = [picture.id for picture in pictures]
    if project.task == "segment":
        known = outcomes.figures(db, ids, version_ids=[version.id]).get(version.id, {})
        fresh = [one for one in pictures if one.id in known and _is_of(known[one.id], one, project)]
        return {one.id: known[one.id]["dice"] for one in fresh}
    said = outcomes.said(db, ids, version_ids=[version.id]).get(version.id, {})
    return {one.id: float(said[one.id] == one.label) for one in pictures if one.id in said}


def _is_of(figures: Json, picture: Labelled, project: Project) -> bool:
    return bool(figures.get("mask") == picture.mask and figures.get("threshold") == project.floor)
