"""The task of saying which class a picture shows, or that it cannot be said."""

from __future__ import annotations

from collections.abc import Sequence

from sightloop.core.entities import UNKNOWN, Answer, Verdict
from sightloop.core.errors import Rejected
from sightloop.tasks.refusal import refusal

LOW_CONFIDENCE = "low_confidence"


def verdict(answer: Answer, *, floor: float, reject_rate: float = 0.0, faults: Sequence[str] = ()) -> Verdict:
    """What the product shows for an answer: the likeliest class, or `unknown` with its reason.

    Args:
        answer: of a model; its probabilities are calibrated.
        floor: confidence (0..1) below which the answer is `unknown` ("low_confidence").
        reject_rate: share (0..1) of ordinary pictures that may be refused as "off_domain"; 0 never refuses.
        faults: what is wrong with the picture itself; any makes the answer `unknown` ("retake").

    Raises:
        Rejected: no model gave this answer, so there is nothing to judge.
    """
    if not answer.probabilities:
        raise Rejected("an answer without probabilities has no verdict.", hint="Train or import a model first.")
    confidence = max(answer.probabilities)
    predicted = answer.classes[answer.probabilities.index(confidence)]
    reason = refusal(answer, reject_rate=reject_rate, faults=faults) or (LOW_CONFIDENCE if confidence < floor else None)
    return Verdict(
        predicted=predicted, shown=predicted if reason is None else UNKNOWN, confidence=confidence, reason=reason
    )


def words(classes: Sequence[str]) -> tuple[str, ...]:
    """What a teaching label may be."""
    return tuple(classes)


def check_label(value: str, classes: Sequence[str]) -> None:
    """Raise Rejected unless `value` is one of `classes`, or `unknown`."""
    if value != UNKNOWN and value not in classes:
        raise Rejected(f"no class {value!r} in this project.", hint=f"Use one of {', '.join([*classes, UNKNOWN])}.")
