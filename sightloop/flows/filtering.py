"""Filters and limits of lists of pictures, from plain values that a door received."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sightloop.core.errors import Rejected
from sightloop.store.images import Filters

NAMES = frozenset(field.name for field in dataclasses.fields(Filters))


def filters(values: Mapping[str, Any]) -> Filters:
    """The filters with these names; None leaves one out. Raises Rejected for a name that there is not."""
    given = {name: value for name, value in values.items() if value is not None}
    unknown = sorted(set(given) - NAMES)
    if unknown:
        raise Rejected(f"no filter {unknown[0]!r}.", hint=f"Known filters: {', '.join(sorted(NAMES))}.")
    plain: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in given.items()}
    return Filters(**plain)


def check_limit(limit: int, *, most: int) -> None:
    """Raise Rejected unless `limit` is 1 to `most`."""
    if not 1 <= limit <= most:
        raise Rejected(f"limit {limit} does not fit.", hint=f"Use 1 to {most}.")
