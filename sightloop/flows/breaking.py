"""Write down where a version broke down over a picture, so that a watch can count it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from sightloop.core.errors import BadImage, Missing, Overloaded, SightloopError, StorageFull, Unavailable
from sightloop.flows.services import Services
from sightloop.store import mishaps

OTHERS_FAULT = (BadImage, Overloaded, Missing, Unavailable, StorageFull)

log = logging.getLogger(__name__)


def is_mishap(error: BaseException | None) -> bool:
    """Whether the version is to blame, and neither the picture, nor the machine's load, its store or its database."""
    return error is not None and not isinstance(error, OTHERS_FAULT)


def counts(error: BaseException, name: str) -> bool:
    """Whether a failure counts under this name: of the pictures that fail together only the first does.

    The runtime sets one exception on a whole batch, parts of which several requests may have asked about.
    """
    return bool(vars(error).setdefault("counted", name) == name)


def note(services: Services, *, project_id: str, version_id: str | None, errors: Mapping[str, BaseException]) -> None:
    """Keep that a version broke down over pictures, each once.

    Args:
        errors: by the picture's id; see `counts`.
    """
    what = [f"{name}: {type(error).__name__}: {error}" for name, error in errors.items()]
    if not what or version_id is None:
        return
    try:
        with services.db.begin() as db:
            mishaps.add(db, project_id, version_id=version_id, what=what)
    except SightloopError as error:
        log.warning("%d failures of version %s not kept: %s", len(what), version_id, error)
