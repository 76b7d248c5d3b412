"""Compare the live model's answers with what people said of the same pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sightloop.core.entities import Json, ModelVersion, Project, User
from sightloop.flows import auditing, taught
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.measure import agreement
from sightloop.store import labelled, versions
from sightloop.store.labelled import Labelled
from sightloop.tasks import TASKS

HOUR = 3600.0
WIDTHS = (HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR, 365 * 24 * HOUR)  # seconds that one point may stand for
POINTS = 30


def accuracy(services: Services, *, user: User, project: str) -> Json:
    """How often the live model said (arg-max, `unknown` or not) what people say, on pictures that did not teach it.

    Pictures on the training or calibration side of the version's snapshot are left out, and so are those of the same
    groups of near copies. Every share has an interval over groups.

    Where masks are drawn, all this is about the word for a picture (its largest class, or nothing), and `measure` is
    "dice" instead of "accuracy": `dice` is the mean Dice of the model's mask with the human's over the `compared`
    pictures where it is known, and `accepted` the share of them whose mask was left as the model drew it.

    Returns {measure, version, n, accuracy, dice, accepted, compared, classes, confusion, per_class, over_time,
    left_out, basis, reason, audit}: `over_time` by when the pictures came in, [{at, n, accuracy, dice}] with `at` the
    beginning of an hour, a day, a week …; `reason` says why n is 0, else it is None; `audit` is the figure on
    pictures drawn at random (see `auditing.audit`).
    """
    target = project_for(services, user=user, name=project, action="view")
    if target.live_version_id is None:
        without = auditing.audit(services, target, None, taught.Taught())
        return {**_found(target, None, [], left_out=0), "audit": without}
    with services.db.connect() as db:
        version = versions.by_id(db, target.live_version_id)
        pictures = labelled.answered_by(db, target.id, version.id)
    known = taught.by(services, version)
    kept = [picture for picture in pictures if not known.met(picture)]
    audited = auditing.audit(services, target, version, known)
    return {**_found(target, version, kept, left_out=len(pictures) - len(kept)), "audit": audited}


def _found(project: Project, version: ModelVersion | None, kept: Sequence[Labelled], *, left_out: int) -> Json:
    said = [_said(picture, project) for picture in kept]
    truth = [picture.label for picture in kept]
    words = TASKS[project.task].words(project.classes)
    classes = [*words, *sorted({*said, *truth} - set(words))]
    found = agreement.agree(said, truth, classes=classes, groups=[picture.group for picture in kept])
    compared = [picture for picture in kept if picture.agreement is not None]
    return {
        "measure": "dice" if project.task == "segment" else "accuracy",
        "version": version.number if version else None,
        "classes": classes,
        **found,
        "dice": _dice(compared),
        "accepted": _share([picture.agreement == 1 for picture in compared], compared),
        "compared": len(compared),
        "per_class": [row | {"dice": _dice(_of(compared, row["name"]))} for row in found["per_class"]],
        "over_time": _over_time(kept, project),
        "left_out": left_out,
        "basis": _basis(version, len(kept), left_out),
        "reason": None if kept else _reason(version, left_out),
    }


def _said(picture: Labelled, project: Project) -> str:
    return project.word(picture.predicted or "", picture.confidence or 0.0)


def _of(pictures: Sequence[Labelled], name: str) -> list[Labelled]:
    return [picture for picture in pictures if picture.label == name]


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


def _over_time(kept: Sequence[Labelled], project: Project) -> list[Json]:
    times = [picture.created_at for picture in kept]
    span = max(times) - min(times) if times else 0.0
    width = next((width for width in WIDTHS if span <= (POINTS - 1) * width), WIDTHS[-1])
    bins: dict[float, list[Labelled]] = defaultdict(list)
    for picture in kept:
        bins[picture.created_at // width * width].append(picture)
    return [_point(at, found, project) for at, found in sorted(bins.items())]


def _point(at: float, pictures: Sequence[Labelled], project: Project) -> Json:
    right = [_said(picture, project) == picture.label for picture in pictures]
    return {"at": at, "n": len(pictures), "accuracy": _share(right, pictures), "dice": _dice(pictures)}


def _dice(pictures: Sequence[Labelled]) -> Json | None:
    """The mean over those where both masks are known."""
    known = [(picture.agreement, picture) for picture in pictures if picture.agreement is not None]
    return _share([value for value, _ in known], [picture for _, picture in known])


def _share(values: Sequence[float], pictures: Sequence[Labelled]) -> Json | None:
    return agreement.share(np.array(values, np.float64), [picture.group for picture in pictures])
