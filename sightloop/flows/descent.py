"""What a version carries in it: its members where it is a cascade, and the versions from whose weights it went on."""

from __future__ import annotations

from collections.abc import Mapping

from sightloop import families
from sightloop.core.entities import ModelVersion, Project
from sightloop.flows import members
from sightloop.store import versions
from sightloop.store.database import Connection
from sightloop.store.origins import origins


def carried(db: Connection, project: Project) -> list[list[ModelVersion]]:
    """For each version, the oldest first: itself, then every other one whose learning it carries."""
    known = versions.all(db, project.id)
    learners = {one.id: members.learner(db, one) for one in known}
    began = {one: learners[base] for one, base in origins(db, project.id).items()}
    ways = []
    for version in reversed(known):
        made_of = [version, *members.of(db, version).values()]
        ways.append(made_of + [base for one in made_of for base in _bases(one, began)])
    return ways


def _bases(version: ModelVersion, began: Mapping[str, ModelVersion]) -> list[ModelVersion]:
    """The versions it went on from, the nearest first; none where it was trained from scratch."""
    found = [version]
    while found[-1].params.get("weights") == families.LIVE:
        base = began.get(found[-1].id)
        if base is None or base.number >= found[-1].number:
            break
        found.append(base)
    return found[1:]
