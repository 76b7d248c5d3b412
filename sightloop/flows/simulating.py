"""Would a change be noticed? Held-out pictures, some of them changed, against the other held-out ones."""

from __future__ import annotations

import numpy as np

from sightloop.core.entities import Json, ModelVersion, Project, User
from sightloop.core.errors import Rejected
from sightloop.flows import drift_reference, drift_report, drift_samples, members
from sightloop.flows.access import project_for
from sightloop.flows.drift_changes import Change
from sightloop.flows.drift_testing import threshold
from sightloop.flows.services import Services
from sightloop.measure import alarm
from sightloop.measure.shift import kind

USUAL = 300


def simulate(
    services: Services, *, user: User, project: str, change: Change, share: float = 1.0, n: int = USUAL, seed: int = 0
) -> Json:
    """Change a share of up to `n` held-out pictures, ask the live version about them, test; nothing is stored.

    The held-out pictures are parted: half of them at most are changed, the others are what they are compared with.

    Returns:
        {version, n, changed, held_out, p, alarm, by, kind, sentence, families}.

    Raises:
        Missing, Forbidden: no such project, or the role is below maintainer.
        Rejected: no live version, too few held-out pictures, or an amount that makes no sense.
    """
    if not 0 <= share <= 1 or n < 1:
        raise Rejected(f"share {share} of {n} pictures does not fit.", hint="Use a share of 0 to 1, and one or more.")
    target = project_for(services, user=user, name=project, action="train")
    with services.db.connect() as db:
        version = members.live(db, target)
    if version is None:
        raise Rejected(f"project {project!r} has no live model.", hint="Train one first.")
    reference = drift_reference.of(services, target, version)
    order = np.random.default_rng(seed).permutation(len(reference.ids))
    drawn, others = order[: min(n, len(order) // 2)], order[min(n, len(order) // 2) :]
    ids = [reference.ids[at] for at in drawn]
    changed = set(ids[: round(share * len(ids))])
    seen = drift_samples.asked(services, target, version, _pictures(services, target, version, ids, changed, change))
    window = drift_samples.sample(seen, project=target, names=reference.names)
    rest, truth = reference.sample.keep(others), reference.truth[others]
    basis, names = reference.basis, reference.names
    found = alarm.decide(rest, window, month=None, before=None, basis=basis, names=names, threshold=threshold(target))
    called, _ = kind(found.found, rest, window, truth=truth, basis=basis, names=names)
    called = called if found.by else "none"
    return {
        "version": version.number,
        "n": len(seen),
        "changed": len(changed),
        "held_out": len(rest),
        "p": found.p,
        "alarm": found.by is not None,
        "by": found.by,
        "kind": called,
        "sentence": drift_report.sentence(found, called, n=len(seen), held_out=len(rest)),
        "families": [drift_report.family(one) for one in found.found],
    }


def _pictures(
    services: Services, project: Project, version: ModelVersion, ids: list[str], changed: set[str], change: Change
) -> drift_reference.Pictures:
    rows = {row["image_id"]: row for row in drift_reference.held_out(services, project, version)}
    found = drift_reference.pictures(services, [rows[name] for name in ids if name in rows])
    return [(name, change.applied(read, seed=at) if name in changed else read) for at, (name, read) in enumerate(found)]
