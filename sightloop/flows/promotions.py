"""Rows of the deployment log in words: version numbers and the names of people."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sightloop.core.entities import Json, Promotion
from sightloop.flows.services import Services
from sightloop.store import names


def named(services: Services, *, found: Sequence[Promotion]) -> list[Json]:
    """The rows with the numbers of the versions (`version`, `replaced`) and `by_name`, None for the command line."""
    with services.db.connect() as db:
        numbers = names.of_versions(db, [one for row in found for one in (row.version_id, row.replaced_id)])
        people = names.of_users(db, [row.by for row in found])
    return [
        {
            **dataclasses.asdict(row),
            "version": numbers.get(row.version_id),
            "replaced": numbers.get(row.replaced_id or ""),
            "by_name": people.get(row.by or ""),
        }
        for row in found
    ]
