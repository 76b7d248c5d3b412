"""What the gate judges by: the stored answers of two versions to the same labelled pictures, which taught neither."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.flows import members, rating, recent_test, taught
from sightloop.flows.services import Services
from sightloop.measure import gate
from sightloop.measure.gate import Costs
from sightloop.measure.pairs import Pair, Values
from sightloop.store import labelled, outcomes
from sightloop.store.database import Connection
from sightloop.store.labelled import Labelled
from sightloop.tasks import TASKS


@dataclass(frozen=True)
class Pictures:
    """Labelled pictures that taught neither version: of the frozen test side, and drawn at random of late."""

    frozen: tuple[Labelled, ...]
    recent: tuple[Labelled, ...]

    @property
    def all(self) -> tuple[Labelled, ...]:
        return self.frozen + self.recent


@dataclass(frozen=True)
class Evidence:
    """What `measure.gate.judge` takes, and how many pictures each version has not answered, the live one first.

    `digest` changes with everything that may change a verdict but the answers: pictures, labels, threshold, margin.
    """

    frozen: Pair
    recent: Pair | None
    claimed: tuple[Values, Values] | None
    costs: Costs | None
    unanswered: tuple[int, int]
    digest: str


def judged(services: Services, project: Project, version: ModelVersion, live: ModelVersion) -> Json:
    """The verdict by what is stored now, as `gating.show` has it, but for its id, time and versions' ids."""
    judging = pictures(services, project, version=version, live=live)
    seen = evidence(services, project, judging, version=version, live=live)
    margin = project.settings.get("margin")
    found = gate.judge(seen.frozen, seen.recent, margin=margin, claimed=seen.claimed, costs=seen.costs)
    before, after = seen.unanswered
    return {
        **found,
        "version": version.number,
        "live": live.number,
        "n": len(seen.frozen),
        "recent": len(seen.recent) if seen.recent else 0,
        "unanswered": {"live": before, "version": after},
        "digest": seen.digest,
    }


def pictures(services: Services, project: Project, *, version: ModelVersion, live: ModelVersion) -> Pictures:
    """The pictures that may judge: of the frozen test side, and of the recent test."""
    words, now = TASKS[project.task].words(project.classes), services.clock()
    with services.db.connect() as db:
        on_test = [one for one in labelled.on_test(db, project.id) if one.label in words]
        sides = on_test, recent_test.pictures(db, project, live, now=now)
    known = [taught.by(services, one) for one in (live, version)]
    frozen, recent = (tuple(one for one in side if not any(met.met(one) for met in known)) for side in sides)
    return Pictures(frozen, recent)


def unanswered(services: Services, project: Project, version: ModelVersion, judging: Pictures) -> list[Labelled]:
    """The pictures of which it is not known how well the version answers them."""
    with services.db.connect() as db:
        known = rating.rates(db, project, version, judging.all)
    return [one for one in judging.all if one.id not in known]


def evidence(
    services: Services, project: Project, judging: Pictures, *, version: ModelVersion, live: ModelVersion
) -> Evidence:
    """What is stored of both versions on these pictures; those that one of them has not answered are left out."""
    with services.db.connect() as db:
        rates = [rating.rates(db, project, one, judging.all) for one in (live, version)]
        frozen, recent = (
            [one for one in side if all(one.id in known for known in rates)]
            for side in (judging.frozen, judging.recent)
        )
        claimed = _claimed(db, frozen, live, version) if project.task == "classify" else None
    before, after = (sum(one.id not in known for one in judging.all) for known in rates)
    return Evidence(
        _pair(project, frozen, rates),
        _pair(project, recent, rates) if recent else None,
        claimed,
        _costs(services, live, version),
        (before, after),
        _digest(project, judging),
    )


def _pair(project: Project, both: Sequence[Labelled], rates: Sequence[rating.Rates]) -> Pair:
    live, candidate = (np.array([known[one.id] for one in both], np.float64) for known in rates)
    groups, targets = [one.group for one in both], [one.label for one in both]
    return Pair(live, candidate, groups, targets, dice=project.task == "segment")


def _claimed(
    db: Connection, both: Sequence[Labelled], live: ModelVersion, version: ModelVersion
) -> tuple[Values, Values]:
    """How sure both were of these pictures, (n,) each."""
    ids = [one.id for one in both]
    known = [outcomes.confidences(db, ids, version_id=one.id) for one in (live, version)]
    before, after = (np.array([said[name] for name in ids], np.float64) for said in known)
    return before, after


def _costs(services: Services, live: ModelVersion, version: ModelVersion) -> Costs | None:
    """None where the training of one of them did not measure its time."""
    before, after = members.milliseconds(live), members.milliseconds(version)
    if not before or not after:
        return None
    sizes = (float(services.blobs.path(one.bundle).stat().st_size) for one in (live, version))
    return Costs(before, after, *sizes)


def _digest(project: Project, judging: Pictures) -> str:
    said: Json = {"floor": project.floor, "margin": project.settings.get("margin")}
    said |= {"pictures": [[one.id, one.label, one.mask] for one in judging.all]}
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
