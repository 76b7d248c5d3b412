"""The embedding of an image by a model version, as float16 bytes; those of a few versions are kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, func, select

from sightloop.core.arrays import Embedding
from sightloop.store import rows
from sightloop.store.tables import embeddings

KEPT: Final = 2  # versions held in memory: 25,000 pictures with 576 numbers each are 29 MB
MANY: Final = 2000  # missing vectors that are better read with all others than one by one

Half = NDArray[np.float16]


@dataclass(frozen=True)
class _Kept:
    """Vectors (n, d) of one version, and in which row each image's is. An image's vector never changes."""

    places: dict[str, int]
    vectors: Half


_NOTHING: Final = _Kept({}, np.zeros((0, 0), np.float16))
_CACHES: WeakKeyDictionary[Engine, OrderedDict[str, _Kept]] = WeakKeyDictionary()
_LOCK: Final = threading.Lock()


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


def gather(db: Connection, project_id: str, image_ids: Sequence[str], *, version_id: str) -> tuple[list[str], Half]:
    """The vectors of these images, of which all but new ones come from memory.

    Which images there are, the caller has read from rows in the same transaction: what is kept never brings one back.

    Returns:
        The images that have a vector, in the order asked; their vectors (n, d) float16.
    """
    kept = _kept(db, project_id, image_ids, version_id=version_id)
    found = [name for name in image_ids if name in kept.places]
    return found, kept.vectors[[kept.places[name] for name in found]]


def _kept(db: Connection, project_id: str, image_ids: Sequence[str], *, version_id: str) -> _Kept:
    mine = embeddings.c.project_id == project_id, embeddings.c.version_id == version_id
    there = db.execute(select(func.count()).where(*mine)).scalar_one()
    with _LOCK:
        cache = _CACHES.setdefault(db.engine, OrderedDict())
        kept = cache.get(version_id, _NOTHING)
    if len(kept.places) > there:  # some were purged
        kept = _NOTHING
    missing = [name for name in image_ids if name not in kept.places] if there else []
    query = select(embeddings.c.image_id, embeddings.c.vector).where(*mine)
    if len(missing) > MANY:
        found = [row for row in db.execute(query) if row[0] not in kept.places]
    else:
        asked = (query.where(embeddings.c.image_id.in_(piece)) for piece in rows.chunks(missing))
        found = [row for one in asked for row in db.execute(one)]
    kept = _more(kept, [(row[0], row[1]) for row in found])
    with _LOCK:
        cache[version_id] = kept
        cache.move_to_end(version_id)
        while len(cache) > KEPT:
            cache.popitem(last=False)
    return kept


def _more(kept: _Kept, found: Sequence[tuple[str, bytes]]) -> _Kept:
    """What is kept and `found` (image id, bytes) behind it; a new value, because others are reading the old one."""
    if not found:
        return kept
    new = np.frombuffer(b"".join(data for _, data in found), np.float16).reshape(len(found), -1)
    places = kept.places | {name: len(kept.places) + number for number, (name, _) in enumerate(found)}
    return _Kept(places, np.concatenate([kept.vectors, new]) if kept.places else new)


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
