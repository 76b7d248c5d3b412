"""Why an answer is not shown: reasons that no confidence floor takes away, and what to do about each."""

from __future__ import annotations

from collections.abc import Sequence

from sightloop.core.entities import Answer

OFF_DOMAIN = "off_domain"
RETAKE = "retake"
HUMAN = "human"
REFUSALS = (OFF_DOMAIN, RETAKE, HUMAN)
PLAINLY = 0.1  # a bad photo of the right thing is strange too: it is another thing at a tenth of the reject rate
ROUTE = "human"  # of an answer that no member of a cascade is sure enough of

FAULTS = {
    "blurry": "Blurred: take it again, hold still and focus.",
    "dark": "Too dark: take it again with more light.",
    "light": "Too bright: take it again with less light, and without a flash.",
    "low_information": "Hardly anything to see: take it again, closer and in focus.",
}  # quality issues that another photo of the same thing can mend
NAMED = 4  # classes that advice names one by one


def refusal(answer: Answer, *, reject_rate: float, faults: Sequence[str]) -> str | None:
    """Which of `REFUSALS` holds for an answer, if any.

    Args:
        reject_rate: share (0..1) of ordinary pictures that may be refused as "off_domain"; 0 never refuses.
        faults: of `FAULTS`, what is wrong with the picture where the project asks for another one then.
    """
    limit = 1 - reject_rate * (PLAINLY if faults else 1)
    if answer.off_domain is not None and answer.off_domain > limit:
        return OFF_DOMAIN
    if faults:
        return RETAKE
    return HUMAN if answer.route == ROUTE else None


def advice(reason: str | None, *, classes: Sequence[str], faults: Sequence[str]) -> str | None:
    """What to do about an answer that is refused, in a sentence; None where it is not."""
    if reason == OFF_DOMAIN:
        known = ", ".join(classes) if len(classes) <= NAMED else f"its {len(classes)} classes"
        return f"Unlike everything this model learnt from: is it really one of {known}?"
    if reason == RETAKE and faults:
        return FAULTS[faults[0]]
    return "No model is sure enough: a person should look." if reason == HUMAN else None
