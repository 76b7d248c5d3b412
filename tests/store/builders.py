"""Small valid records for the store's tests."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from sqlalchemy import Connection

from sightloop.core.entities import Facts, Image, Prediction, Project, Role, User
from sightloop.core.ids import new_id
from sightloop.store import projects, users

CLASSES = ("ant", "bee")


def project(db: Connection, *, name: str = "insects", **changes: Any) -> Project:
    """A project with two classes and a floor of 0.5, in the database."""
    values: dict[str, Any] = {"title": name, "task": "classify", "recipe": "blank", "classes": CLASSES, "floor": 0.5}
    values |= {"settings": {}, "created_by": None, "created_at": 1.0} | changes
    return projects.add(db, Project(id=new_id(), name=name, **values))


def user(db: Connection, email: str = "ann@example.org", *, role: Role = "reviewer") -> User:
    """An account, in the database."""
    return users.add(db, User(new_id(), email, "Ann", role, 1.0), password_hash="argon")


def image(project_id: str, number: int | str = 0, **changes: Any) -> Image:
    """The image of a file whose content is `number`; not in the database."""
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    values: dict[str, Any] = {"name": f"{number}.jpg", "media_type": "image/jpeg", "size": 10, "created_at": 1.0}
    return Image(id=new_id(), project_id=project_id, sha256=sha256, **(values | changes))


def facts(number: int | str = 0, *, phash: int | None = None, **changes: Any) -> Facts:
    """What decoding the file `number` told; its perceptual hash is far from every other number's."""
    pixels = hashlib.sha256(f"pixels {number}".encode()).hexdigest()
    look = int(pixels[:16], 16) if phash is None else phash
    values: dict[str, Any] = {"width": 64, "height": 48, "media_type": "image/jpeg", "quality": {}}
    values |= {"captured_at": None, "thumbnail": b"", "pixel_hash": pixels} | changes
    return Facts(phash=f"{look:016x}", **values)


def prediction(of: Image, *, predicted: str = "ant", confidence: float = 0.9, **changes: Any) -> Prediction:
    """What version v1 said of an image."""
    values: dict[str, Any] = {"version_id": "v1", "shown": predicted if confidence >= 0.5 else "unknown"}
    values |= {"probabilities": {predicted: confidence}, "route": "champion", "seconds": 0.01, "off_domain": None}
    values |= {"created_at": 2.0, "predicted": predicted, "confidence": confidence} | changes
    return Prediction(id=new_id(), image_id=of.id, project_id=of.project_id, **values)


def vector(seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A random unit vector (8,) float32."""
    drawn = np.random.default_rng(seed).normal(size=8)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float32)
