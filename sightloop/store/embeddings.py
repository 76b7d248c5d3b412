"""The embedding of an image by a model version, as float16 bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sqlalchemy import Connection, delete, select

from sightloop.core.arrays import Embedding
from sightloop.store import rows
from sightloop.store.tables import embeddings


def put_many(db: Connection, project_id: str, vectors: Sequence[tuple[str, str, Embedding]]) -> None:
    """Keep (image id, version id, vector) triples, replacing earlier ones; vectors (d,) are rounded to float16."""
    statement = rows.insert_or(db, embeddings)
    statement = statement.on_conflict_do_update(
        index_elements=[embeddings.c.image_id, embeddings.c.version_id], set_={"vector": statement.excluded.vector}
    )
    db.execute(
        statement,
        [
            {
                "image_id": image_id,
                "version_id": version_id,
                "project_id": project_id,
                "vector": np.asarray(vector, np.float16).tobytes(),
            }
            for image_id, version_id, vector in vectors
        ],
    )


def get(db: Connection, image_id: str, *, version_id: str) -> Embedding | None:
    """One vector (d,), None where it was never made."""
    query = select(embeddings.c.vector).where(embeddings.c.image_id == image_id, embeddings.c.version_id == version_id)
    found = db.execute(query).scalar_one_or_none()
    return None if found is None else _vector(found)


def many(db: Connection, image_ids: Sequence[str], *, version_id: str) -> dict[str, Embedding]:
    """The vectors (d,) that there are, by image id."""
    found: dict[str, Embedding] = {}
    query = select(embeddings.c.image_id, embeddings.c.vector).where(embeddings.c.version_id == version_id)
    for piece in rows.chunks(list(image_ids)):
        found |= {row[0]: _vector(row[1]) for row in db.execute(query.where(embeddings.c.image_id.in_(piece)))}
    return found


def stream(db: Connection, project_id: str, *, version_id: str) -> Iterator[tuple[str, Embedding]]:
    """Every (image id, vector) of one version."""
    query = select(embeddings.c.image_id, embeddings.c.vector)
    mine = query.where(embeddings.c.project_id == project_id, embeddings.c.version_id == version_id)
    for row in db.execute(mine.execution_options(yield_per=1000)):
        yield row[0], _vector(row[1])


def forget(db: Connection, version_id: str) -> int:
    """Delete the vectors of a version that nobody needs any more; returns how many there were."""
    return db.execute(delete(embeddings).where(embeddings.c.version_id == version_id)).rowcount


def _vector(data: bytes) -> Embedding:
    return np.frombuffer(data, np.float16).astype(np.float32)
