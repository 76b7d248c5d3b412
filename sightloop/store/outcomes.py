"""What model versions said of the pictures that judged them, kept among the predictions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from sightloop.core.entities import Json, Prediction
from sightloop.store import rows
from sightloop.store.tables import images, predictions

EVALUATION: Final = "evaluation"  # the route of an answer that was asked for to judge the version, not for the product
SHADOW: Final = "shadow"  # of one that was asked for beside the live one
HIDDEN: Final = (EVALUATION, SHADOW)  # shown to nobody


def keep(db: Connection, said: Sequence[Prediction]) -> int:
    """Keep what one version said while it was judged, instead of what it said before; returns how many were kept.

    Pictures purged meanwhile are left out.
    """
    kept = 0
    c = predictions.c
    for piece in rows.chunks(said):
        ids = [one.image_id for one in piece]
        there = set(db.execute(select(images.c.id).where(images.c.id.in_(ids))).scalars())
        old = c.image_id.in_(ids), c.version_id == piece[0].version_id, c.route == EVALUATION
        db.execute(delete(predictions).where(*old))
        fresh = [rows.values(one) | {"route": EVALUATION} for one in piece if one.image_id in there]
        if fresh:
            db.execute(insert(predictions), fresh)
        kept += len(fresh)
    return kept


def said(db: Connection, image_ids: Sequence[str], *, version_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The newest answer of each version to each of these pictures, asked for whatever reason: version → image → class.

    Versions and pictures without an answer are absent.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    c = predictions.c
    query = select(c.version_id, c.image_id, c.predicted).order_by(c.created_at, c.id)
    for piece in rows.chunks(image_ids):
        for version, image, predicted in db.execute(
            query.where(c.image_id.in_(piece), c.version_id.in_(list(version_ids)))
        ):
            found[version][image] = predicted
    return dict(found)


def confidences(db: Connection, image_ids: Sequence[str], *, version_id: str) -> dict[str, float]:
    """How sure (0..1) a version's newest answer to each of these pictures is; without those it has not answered."""
    found: dict[str, float] = {}
    c = predictions.c
    query = select(c.image_id, c.confidence).order_by(c.created_at, c.id)
    for piece in rows.chunks(image_ids):
        found |= {row[0]: row[1] for row in db.execute(query.where(c.image_id.in_(piece), c.version_id == version_id))}
    return found


def figures(db: Connection, image_ids: Sequence[str], *, version_ids: Sequence[str]) -> dict[str, dict[str, Json]]:
    """The figures of each version's judgement of each of these pictures: version → image → figures.

    Versions and pictures that were not judged are absent.
    """
    found: dict[str, dict[str, Json]] = defaultdict(dict)
    c = predictions.c
    query = select(c.version_id, c.image_id, c.figures).where(c.route == EVALUATION)
    for piece in rows.chunks(image_ids):
        for version, image, values in db.execute(
            query.where(c.image_id.in_(piece), c.version_id.in_(list(version_ids)))
        ):
            if values:
                found[version][image] = values
    return dict(found)
