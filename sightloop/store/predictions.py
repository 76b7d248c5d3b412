"""Single predictions, by their id."""

from __future__ import annotations

from sqlalchemy import Connection, select

from sightloop.core.entities import Prediction
from sightloop.core.errors import Missing
from sightloop.store import rows
from sightloop.store.tables import predictions


def get(db: Connection, prediction_id: str) -> Prediction:
    """The prediction with this id. Raises Missing."""
    found = db.execute(select(*rows.columns(predictions, Prediction)).where(predictions.c.id == prediction_id)).first()
    if found is None:
        raise Missing(f"no prediction {prediction_id!r}.", hint="It goes when its picture is removed for good.")
    return rows.read(Prediction, found)
