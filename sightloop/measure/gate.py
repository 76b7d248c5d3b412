"""May a candidate take the live model's place? Paired tests on pictures that taught neither of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np

from sightloop.core.entities import Json
from sightloop.measure.pairs import (
    ALPHA,
    Pair,
    Values,
    calibration_errors,
    difference,
    mcnemar,
    more,
    part,
    superior,
)

Outcome = Literal["promote", "refuse", "undecided"]

ENOUGH, NARROW, WIDE = 1500, 0.01, 0.03  # the margin is one point from so many pictures on, else three
DICE_MARGIN = 0.01
RECENT = 100  # labelled recent pictures that a comparison needs
WORSE_CALIBRATED = 0.02  # of ECE
DEARER = 1.1  # times the time or memory
DROP, SEEN = 0.05, 30  # what a class may lose before it is worth a warning, and on how many pictures


@dataclass(frozen=True)
class Rule:
    """One test: `passed` is None where it cannot tell yet, `needed` how many more labels it would take."""

    name: str
    passed: bool | None
    sentence: str
    figures: Json = field(default_factory=dict)
    needed: int | None = None


@dataclass(frozen=True)
class Costs:
    """What an answer takes: milliseconds of processor time, and bytes of the model."""

    live_ms: float
    candidate_ms: float
    live_bytes: float
    candidate_bytes: float


def judge(
    frozen: Pair,
    recent: Pair | None = None,
    *,
    margin: float | None = None,
    claimed: tuple[Values, Values] | None = None,
    costs: Costs | None = None,
) -> Json:
    """The verdict of the gate (drift.md, "Gate").

    Args:
        frozen: on the test side, whose pictures never change.
        recent: on labelled random samples of late, None where there are none.
        margin: accuracy or Dice (0..1) that may be lost; see `margin_of`.
        claimed: (n,) confidences of the live model and the candidate on the frozen pictures.
        costs: refused only where the candidate is dearer by more than a tenth and no better.

    Returns:
        JSON-ready {"verdict": promote, refuse or undecided, "sentence", "needed": labels that are missing or None,
        "margin", "rules": [{name, passed, sentence, figures, needed}]}.
    """
    lost = margin_of(frozen) if margin is None else margin
    if not len(frozen):
        return _told("undecided", [_nothing()], lost)
    better = _better(frozen, recent)
    rules = [_not_worse(frozen, lost), better, _classes(frozen)]
    rules += [_calibrated(frozen, claimed)] if claimed else []
    rules += [_affordable(costs, better=better.passed is True)] if costs else []
    return _told(_verdict(rules), rules, lost)


def _told(verdict: Outcome, rules: Sequence[Rule], margin: float) -> Json:
    needed = max((rule.needed for rule in rules if rule.needed), default=None)
    return {
        "verdict": verdict,
        "sentence": _sentence(verdict, rules),
        "needed": needed if verdict == "undecided" else None,
        "margin": margin,
        "rules": [asdict(rule) for rule in rules],
    }


def margin_of(pair: Pair) -> float:
    """What may be lost: one point from 1,500 pictures on, three below, of Dice always one."""
    return DICE_MARGIN if pair.dice else NARROW if len(pair) >= ENOUGH else WIDE


def _verdict(rules: Sequence[Rule]) -> Outcome:
    if any(rule.passed is False for rule in rules):
        return "refuse"
    return "promote" if all(rule.passed for rule in rules) else "undecided"


def _sentence(verdict: Outcome, rules: Sequence[Rule]) -> str:
    if verdict == "promote":
        return " ".join(rule.sentence for rule in rules[:2])
    telling = [rule for rule in rules if (rule.passed is False if verdict == "refuse" else rule.passed is None)]
    return " ".join(rule.sentence for rule in telling)


def _nothing() -> Rule:
    said = f"No frozen picture with a label was answered by both and taught neither: {RECENT} are wanted."
    return Rule("frozen", None, said, {"n": 0}, RECENT)


def _not_worse(pair: Pair, margin: float) -> Rule:
    value, low, high = difference(pair)
    _, _, _, worse = mcnemar(pair)
    figures = {"n": len(pair), "value": value, "low": low, "high": high, "margin": margin, "p_worse": worse}
    told = f"{_points(value, pair)} on {len(pair):,} frozen pictures, at least {_points(low, pair)}"
    if low > -margin:
        return Rule("frozen", True, f"Not worse than the live model: {told}.", figures)
    if high < 0 and worse < ALPHA:
        return Rule("frozen", False, f"Worse than the live model: {told}, p = {worse:.2g}.", figures)
    missing = more(pair, margin=margin, value=value)
    asked = (
        f"about {missing:,} more labels would tell"
        if missing
        else "no practical number of labels would tell at this difference"
    )
    said = f"It cannot be told whether it loses more than {_points(margin, pair, sign=False)}: {told}; {asked}."
    return Rule("frozen", None, said, figures, missing)


def _better(frozen: Pair, recent: Pair | None) -> Rule:
    """Better on recent pictures, or on the frozen ones in the mean over classes."""
    n = len(recent) if recent else 0
    if recent is not None and n >= RECENT:
        won, lost, p, worse = mcnemar(recent)
        figures = {"n": n, "won": won, "lost": lost, "p": p, "value": difference(recent)[0]}
        told = f"{_points(figures['value'], recent)} on {n:,} recent pictures, {won} won and {lost} lost"
        if p < ALPHA:
            return Rule("better", True, f"Better: {told}, p = {p:.2g}.", figures)
        if worse < ALPHA:
            return Rule("better", False, f"Worse of late: {told}, p = {worse:.2g}.", figures)
    low, high = superior(frozen)
    if low > 0:
        said = f"Better in the mean over classes on the frozen pictures ({low:+.3f} to {high:+.3f})."
        return Rule("better", True, said, {"n": len(frozen), "low": low, "high": high})
    if n < RECENT:
        said = (
            f"{n} recent pictures are labelled and {RECENT} are needed to see whether it is better: {RECENT - n} more."
        )
        return Rule("better", None, said, {"n": n}, RECENT - n)
    assert recent is not None
    missing = more(recent, margin=0.0, value=difference(recent)[0])
    asked = f": about {missing:,} more labels would tell" if missing else ""
    return Rule("better", None, f"It is not shown to be better: {told}, p = {p:.2g}{asked}.", figures, missing)


def _classes(pair: Pair) -> Rule:
    """Blocked where a class has become significantly worse; told where one merely looks worse."""
    names = sorted(set(pair.targets))
    blocked, warned = [], []
    truth = np.asarray(pair.targets, dtype=np.str_)
    for name in names:
        own = part(pair, truth == name)
        *_, worse = mcnemar(own)
        drop = float((own.live - own.candidate).mean())
        if worse < ALPHA / len(names):
            blocked.append(f"{name} ({_points(-drop, pair)} on {len(own)}, p = {worse:.2g})")
        elif drop > DROP and len(own) >= SEEN:
            warned.append(f"{name} ({_points(-drop, pair)} on {len(own)})")
    figures = {"blocked": blocked, "warned": warned}
    if blocked:
        return Rule("classes", False, f"Worse at {', '.join(blocked)}.", figures)
    warning = f" It looks worse at {', '.join(warned)}, which may be chance." if warned else ""
    return Rule("classes", True, f"No class has become significantly worse.{warning}", figures)


def _calibrated(pair: Pair, claimed: tuple[Values, Values]) -> Rule:
    """Blocked where the calibration error is larger by 0.02 and that is no chance, as it mostly is on 100 pictures."""
    live, candidate, low = calibration_errors(pair, claimed)
    figures = {"live": live, "candidate": candidate, "low": low}
    told = f"calibration error {candidate:.3f} against {live:.3f}"
    if candidate - live <= WORSE_CALIBRATED:
        return Rule("calibration", True, f"Calibrated as well: {told}.", figures)
    if low <= 0:
        return Rule("calibration", True, f"It looks calibrated worse, which may be chance: {told}.", figures)
    return Rule("calibration", False, f"Calibrated worse: {told}.", figures)


def _affordable(costs: Costs, *, better: bool) -> Rule:
    slower, larger = costs.candidate_ms / costs.live_ms, costs.candidate_bytes / costs.live_bytes
    fits = max(slower, larger) <= DEARER
    said = f"{costs.candidate_ms:.0f} ms against {costs.live_ms:.0f} ms an answer, {larger:.2f} times the size."
    if fits or better:
        return Rule("cost", True, f"{'As cheap' if fits else 'Dearer, but better'}: {said}", asdict(costs))
    return Rule("cost", False, f"Dearer without being better: {said}", asdict(costs))


def _points(value: float, pair: Pair, *, sign: bool = True) -> str:
    plus = "+" if sign else ""
    return f"{value:{plus}.3f} Dice" if pair.dice else f"{100 * value:{plus}.1f} points"
