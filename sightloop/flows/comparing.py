"""Compare two model versions on the same held-out pictures, none of which taught either one.

Nothing is asked of a model here: 500 pictures take a large one half a minute. What each version said is among the
predictions, where the product's own answers are too; a training and an evaluation on the test side keep theirs there.
What is missing is said, and an evaluation (a job) fills it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Image, Json, ModelVersion, Project, User
from sightloop.core.errors import Rejected
from sightloop.flows import rating, taught
from sightloop.flows.access import project_for
from sightloop.flows.rating import Rates
from sightloop.flows.services import Services
from sightloop.measure import agreement, paired
from sightloop.store import images, labelled, versions
from sightloop.store.labelled import Labelled

SHOWN = 24  # pictures listed per kind
GAIN = 0.05  # of Dice, by which a picture must be better to count as fixed
Values = NDArray[np.float64]


def compare(services: Services, *, user: User, project: str, first: str, second: str) -> Json:
    """The difference in accuracy, or in Dice, of two versions on the pictures of the test side that both answered.

    Args:
        first, second: versions by number or alias.

    Returns:
        {measure, n, a, b, difference, sentence, fixed, broken, fixed_count, broken_count, reason}: `measure` is
        "accuracy", or "dice" (the mean over pictures) where masks are drawn; `a` and `b` are {version, accuracy, dice};
        `difference` is {value, low, high}, b minus a, paired, with an interval over groups; `fixed` are up to 24
        pictures that only b gets right, or whose Dice it betters by 0.05, `broken` those the other way round; `reason`
        says which pictures are missing and why, or is None.

    Raises:
        Missing: no such project or version.
        Rejected: both are the same version.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        pair = versions.get(db, target.id, first), versions.get(db, target.id, second)
        held_out = labelled.on_test(db, target.id)
        rates = [rating.rates(db, target, version, held_out) for version in pair]
    if pair[0].id == pair[1].id:
        raise Rejected(f"{first} and {second} are both version {pair[0].number}.", hint="Compare two versions.")
    known = [taught.by(services, version) for version in pair]
    fair = [one for one in held_out if not any(version.met(one) for version in known)]
    both = [picture for picture in fair if all(picture.id in known for known in rates)]
    reason = _missing(pair, rates, fair, target) if fair else _nothing(pair, len(held_out))
    one, two = (np.array([known[picture.id] for picture in both], np.float64) for known in rates)
    return _compared(services, target, pair, both, one=one, two=two, reason=reason)


def _compared(
    services: Services,
    project: Project,
    pair: tuple[ModelVersion, ModelVersion],
    both: Sequence[Labelled],
    *,
    one: Values,
    two: Values,
    reason: str | None,
) -> Json:
    groups = [picture.group for picture in both]
    difference: Json = {"value": None, "low": None, "high": None}
    if both:
        difference = paired.means(one, two, groups=groups)["difference"]
    measure, margin = ("dice", GAIN) if project.task == "segment" else ("accuracy", 0.0)
    rated: list[Json] = [
        {"version": version.number, "accuracy": None, "dice": None, measure: agreement.share(values, groups)}
        for version, values in zip(pair, (one, two), strict=True)
    ]
    fixed, broken = two - one > margin, one - two > margin
    return {
        "measure": measure,
        "n": len(both),
        "a": rated[0],
        "b": rated[1],
        "difference": difference,
        "sentence": _sentence(pair, rated, difference, measure=measure, n=len(both)),
        "fixed": _pictures(services, both, fixed),
        "broken": _pictures(services, both, broken),
        "fixed_count": int(fixed.sum()),
        "broken_count": int(broken.sum()),
        "reason": reason,
    }


def _pictures(services: Services, both: Sequence[Labelled], chosen: NDArray[np.bool_]) -> list[Image]:
    ids = [picture.id for picture, keep in zip(both, chosen, strict=True) if keep]
    with services.db.connect() as db:
        return images.many(db, ids[:SHOWN])


def _sentence(pair: Sequence[ModelVersion], rated: Sequence[Json], difference: Json, *, measure: str, n: int) -> str:
    a, b = (f"version {version.number}" for version in pair)
    if not n:
        return f"Nothing can be said of {a} and {b}."
    low, high = difference["low"], difference["high"]
    if low is None:
        return f"The {n} picture(s) are of one group, too few to tell {b} from {a}."
    verdict = (
        f"is better than {a}" if low > 0 else f"is worse than {a}" if high < 0 else f"is not shown to differ from {a}"
    )
    strange = [str(version.number) for version in pair if version.snapshot_id is None]
    but = f" (nobody wrote down what taught version {' and '.join(strange)})" if strange else " that taught neither"
    return f"On {n} held-out pictures{but}, {b} {verdict}: {_figures(rated, difference, measure)}."


def _figures(rated: Sequence[Json], difference: Json, measure: str) -> str:
    if measure == "dice":
        values = " against ".join(f"{one['dice']['value']:.3f}" for one in reversed(rated))
        return f"mean Dice {values} ({difference['value']:+.3f}, {difference['low']:+.3f} to {difference['high']:+.3f})"
    right = " against ".join(f"{one['accuracy']['value']:.1%}" for one in reversed(rated))
    value, low, high = (100 * difference[name] for name in ("value", "low", "high"))
    return f"{right} right ({value:+.1f} points, {low:+.1f} to {high:+.1f})"


def _missing(
    pair: Sequence[ModelVersion], rates: Sequence[Rates], fair: Sequence[Labelled], project: Project
) -> str | None:
    absent = [sum(picture.id not in known for picture in fair) for known in rates]
    parts = [f"version {one.number} has not answered {n}" for one, n in zip(pair, absent, strict=True) if n]
    if not parts:
        return None
    since = " with the masks and the threshold of now" if project.task == "segment" else ""
    missing = f"Of {len(fair)} held-out pictures {' and '.join(parts)}{since}"
    return f"{missing}: evaluate it on the test side, then compare again."


def _nothing(pair: Sequence[ModelVersion], held_out: int) -> str:
    if not held_out:
        return "There is no labelled picture on the test side yet."
    numbers = " or ".join(str(version.number) for version in pair)
    return f"All {held_out} held-out pictures taught version {numbers}, or are copies of pictures that did."
