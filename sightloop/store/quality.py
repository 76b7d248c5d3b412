"""Quality measures and issues of images, when the limits they are judged by change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from sightloop.core.entities import Json
from sightloop.store import changes
from sightloop.store.changes import Change


def judge(db: Connection, project_id: str, qualities: Mapping[str, Json]) -> int:
    """Set the quality of images of one project, by image id; returns how many were still there."""
    there = changes.current(db, qualities, project_id=project_id)
    changed = [Change(image, replace(image, quality=qualities[image.id]), "") for image in there.values()]
    return len(changes.save(db, changed))
