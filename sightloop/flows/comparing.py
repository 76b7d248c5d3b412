"""Compare two model versions on the same held-out pictures, none of which taught either one.

Nothing is asked of a model here: 500 pictures take a large one half a minute. What each version said is among the
predictions, where the product's own answers are too; a training and an evaluation on the test side keep theirs there.
What is missing is said, and an evaluation (a job) fills it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Image, Json, ModelVersion, User
from sightloop.core.errors import Rejected
from sightloop.flows import taught
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.measure import agreement, paired
from sightloop.store import images, labelled, outcomes, versions
from sightloop.store.labelled import Labelled

SHOWN = 24  # pictures listed per kind
Said = Mapping[str, str]
Hits = NDArray[np.bool_]


def compare(services: Services, *, user: User, project: str, first: str, second: str) -> Json:
    """The difference in accuracy of two versions on the pictures of the test side that both answered.

    Args:
        first, second: versions by number or alias.

    Returns:
        {n, a, b, difference, sentence, fixed, broken, fixed_count, broken_count, reason}: `a` and `b` are {version,
        accuracy}; `difference` is {value, low, high}, b minus a, paired, with an interval over groups; `fixed` are up
        to 24 pictures that only b gets right, `broken` those that only a does; `reason` says which pictures are missing
        and why, or is None.

    Raises:
        Missing: no such project or version.
        Rejected: both are the same version.
    """
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        pair = versions.get(db, target.id, first), versions.get(db, target.id, second)
        held_out = labelled.on_test(db, target.id)
        said = outcomes.said(db, [one.id for one in held_out], version_ids=[version.id for version in pair])
    if pair[0].id == pair[1].id:
        raise Rejected(f"{first} and {second} are both version {pair[0].number}.", hint="Compare two versions.")
    known = [taught.by(services, version) for version in pair]
    fair = [one for one in held_out if not any(version.met(one) for version in known)]
    one, two = (said.get(version.id, {}) for version in pair)
    both = [picture for picture in fair if picture.id in one and picture.id in two]
    reason = _missing(pair, (one, two), fair) if fair else _nothing(pair, len(held_out))
    return _compared(services, pair, both, one=_right(both, one), two=_right(both, two), reason=reason)


def _right(pictures: Sequence[Labelled], said: Said) -> Hits:
    return np.array([said[picture.id] == picture.label for picture in pictures], dtype=np.bool_)


def _compared(
    services: Services,
    pair: tuple[ModelVersion, ModelVersion],
    both: Sequence[Labelled],
    *,
    one: Hits,
    two: Hits,
    reason: str | None,
) -> Json:
    groups = [picture.group for picture in both]
    difference: Json = {"value": None, "low": None, "high": None}
    if both:
        right = np.ones(len(both), int)
        difference = paired.compare(one.astype(int), two.astype(int), targets=right, groups=groups)["difference"]
    rated = [
        {"version": version.number, "accuracy": agreement.share(hits, groups)}
        for version, hits in zip(pair, (one, two), strict=True)
    ]
    return {
        "n": len(both),
        "a": rated[0],
        "b": rated[1],
        "difference": difference,
        "sentence": _sentence(pair, rated, difference, len(both)),
        "fixed": _pictures(services, both, two & ~one),
        "broken": _pictures(services, both, one & ~two),
        "fixed_count": int((two & ~one).sum()),
        "broken_count": int((one & ~two).sum()),
        "reason": reason,
    }


def _pictures(services: Services, both: Sequence[Labelled], chosen: Hits) -> list[Image]:
    ids = [picture.id for picture, keep in zip(both, chosen, strict=True) if keep]
    with services.db.connect() as db:
        return images.many(db, ids[:SHOWN])


def _sentence(pair: Sequence[ModelVersion], rated: Sequence[Json], difference: Json, n: int) -> str:
    a, b = (f"version {version.number}" for version in pair)
    if not n:
        return f"Nothing can be said of {a} and {b}."
    low, high = difference["low"], difference["high"]
    if low is None:
        return f"The {n} picture(s) are of one group, too few to tell {b} from {a}."
    verdict = (
        f"is better than {a}" if low > 0 else f"is worse than {a}" if high < 0 else f"is not shown to differ from {a}"
    )
    right = " against ".join(f"{one['accuracy']['value']:.1%}" for one in reversed(rated))
    points = f"{100 * difference['value']:+.1f} points, {100 * low:+.1f} to {100 * high:+.1f}"
    strange = [str(version.number) for version in pair if version.snapshot_id is None]
    but = f" (nobody wrote down what taught version {' and '.join(strange)})" if strange else " that taught neither"
    return f"On {n} held-out pictures{but}, {b} {verdict}: {right} right ({points})."


def _missing(pair: Sequence[ModelVersion], said: Sequence[Said], fair: Sequence[Labelled]) -> str | None:
    absent = [sum(picture.id not in answers for picture in fair) for answers in said]
    parts = [f"version {one.number} has not answered {n}" for one, n in zip(pair, absent, strict=True) if n]
    if not parts:
        return None
    return f"Of {len(fair)} held-out pictures {' and '.join(parts)}: evaluate it on the test side, then compare again."


def _nothing(pair: Sequence[ModelVersion], held_out: int) -> str:
    if not held_out:
        return "There is no labelled picture on the test side yet."
    numbers = " or ".join(str(version.number) for version in pair)
    return f"All {held_out} held-out pictures taught version {numbers}, or are copies of pictures that did."
