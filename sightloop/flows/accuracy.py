"""Compare the live model's answers with what people said of the same pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sightloop.core.entities import Json, ModelVersion, Project, User
from sightloop.flows import taught
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.measure import agreement
from sightloop.store import labelled, versions
from sightloop.store.labelled import Labelled

HOUR = 3600.0
WIDTHS = (HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR, 365 * 24 * HOUR)  # seconds that one point may stand for
POINTS = 30


def accuracy(services: Services, *, user: User, project: str) -> Json:
    """How often the live model said (arg-max, `unknown` or not) what people say, on pictures that did not teach it.

    Pictures on the training or calibration side of the version's snapshot are left out, and so are those of the same
    groups of near copies. Every share has an interval over groups.

    Returns {version, n, accuracy, classes, confusion, per_class, over_time, left_out, basis, reason}: `over_time` by
    when the pictures came in, [{at, n, accuracy}] with `at` the beginning of an hour, a day, a week …; `reason` says
    why n is 0, else it is None.
    """
    target = project_for(services, user=user, name=project, action="view")
    if target.live_version_id is None:
        return _found(target, None, [], left_out=0)
    with services.db.connect() as db:
        version = versions.by_id(db, target.live_version_id)
        pictures = labelled.answered_by(db, target.id, version.id)
    known = taught.by(services, version)
    kept = [picture for picture in pictures if not known.met(picture)]
    return _found(target, version, kept, left_out=len(pictures) - len(kept))


def _found(project: Project, version: ModelVersion | None, kept: Sequence[Labelled], *, left_out: int) -> Json:
    said = [picture.predicted or "" for picture in kept]
    truth = [picture.label for picture in kept]
    classes = [*project.classes, *sorted({*said, *truth} - set(project.classes))]
    groups = [picture.group for picture in kept]
    return {
        "version": version.number if version else None,
        "classes": classes,
        **agreement.agree(said, truth, classes=classes, groups=groups),
        "over_time": _over_time(kept),
        "left_out": left_out,
        "basis": _basis(version, len(kept), left_out),
        "reason": None if kept else _reason(version, left_out),
    }


def _basis(version: ModelVersion | None, n: int, left_out: int) -> str:
    if version is None:
        return "There is no live model."
    without = f"; {left_out} that taught it, or are copies of such, are left out" if left_out else ""
    if version.snapshot_id is None:
        without = "; nobody wrote down what taught it, so some of them may have"
    return f"{n} picture(s) that people labelled and version {version.number} answered{without}."


def _reason(version: ModelVersion | None, left_out: int) -> str:
    if version is None:
        return "There is no live model yet: train one, or import one."
    if left_out:
        return f"All {left_out} labelled pictures that version {version.number} answered taught it, or are copies."
    return (
        f"No labelled picture has an answer of version {version.number}: label some that it answered, or let it answer "
        "again what older versions answered."
    )


def _over_time(kept: Sequence[Labelled]) -> list[Json]:
    times = [picture.created_at for picture in kept]
    span = max(times) - min(times) if times else 0.0
    width = next((width for width in WIDTHS if span <= (POINTS - 1) * width), WIDTHS[-1])
    bins: dict[float, list[Labelled]] = defaultdict(list)
    for picture in kept:
        bins[picture.created_at // width * width].append(picture)
    return [{"at": at, "n": len(found), "accuracy": _share(found)} for at, found in sorted(bins.items())]


def _share(pictures: Sequence[Labelled]) -> Json | None:
    right = np.array([picture.predicted == picture.label for picture in pictures])
    return agreement.share(right, [picture.group for picture in pictures])
