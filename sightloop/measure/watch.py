"""Is a version that went live worse than the one it replaced? Five rules on what it does in use.

Each rule says what it found in `passed`: False is broken, None cannot be told yet. The two that test a hypothesis are
asked again and again while answers come in. They share an error of 1 % for a whole watch between six looks, at 10, 20,
40 … 320 human words (Bonferroni), because a test at 1 % that is repeated at every answer breaks far more often.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from sightloop.core.entities import Json
from sightloop.measure.pairs import Pair, mcnemar

ALPHA = 0.01  # the chance that a test breaks a version that is as good as the one before, over all looks
FIRST, LOOKS = 10, 6  # human words at the first look, twice as many at each that follows
ERRORS, TWICE, FEWEST = 0.01, 2.0, 3  # the share of failures that is borne, or twice the share before; from three on
SLOWER, TIMED = 1.5, 50  # times the 95 % quantile of seconds before, and answers that it takes to tell
APART, SAME = 0.25, 100  # total variation of the shares of classes, and pictures that it takes to tell


@dataclass(frozen=True)
class Rule:
    """One rule: `passed` is False where it is broken, None where it cannot be told yet."""

    name: str
    passed: bool | None
    sentence: str
    figures: Json = field(default_factory=dict)


def look(words: int) -> int:
    """The number of the look (0 … 6) that so many human words allow; see this module."""
    return 0 if words < FIRST else min(LOOKS, int(math.log2(words / FIRST)) + 1)


def errors(failed: int, answered: int, *, failed_before: int, answered_before: int) -> Rule:
    """Broken where more than 1 % of the questions failed and more than twice the share before, and three or more did.

    Args:
        failed, answered: questions that the version broke down over, and those it answered.
        failed_before, answered_before: the same of the replaced version.
    """
    share, before = _share(failed, failed + answered), _share(failed_before, failed_before + answered_before)
    limit = max(ERRORS, TWICE * before)
    figures = {"failed": failed, "asked": failed + answered, "share": share, "before": before, "limit": limit}
    told = f"{failed} of {failed + answered:,} questions failed ({share:.1%}; {limit:.1%} is borne)."
    if failed >= FEWEST and share > limit:
        return Rule("errors", False, told, figures)
    return Rule("errors", True if answered or failed else None, told if answered or failed else _NOTHING, figures)


def latency(seconds: Sequence[float], before: Sequence[float]) -> Rule:
    """Broken where the 95 % quantile of the seconds an answer takes is more than 1.5 times that before."""
    figures: Json = {"n": len(seconds), "before": len(before), "limit": SLOWER}
    if min(len(seconds), len(before)) < TIMED:
        said = f"{len(seconds)} answers of the last minutes and {len(before)} before are timed; it takes {TIMED} each."
        return Rule("latency", None, said, figures)
    new, old = (1000 * float(np.quantile(np.asarray(one, np.float64), 0.95)) for one in (seconds, before))
    figures |= {"p95_ms": new, "p95_ms_before": old}
    told = f"95 % of {len(seconds)} answers took at most {new:.0f} ms, against {old:.0f} ms before"
    return Rule("latency", new <= SLOWER * old, f"{told} ({SLOWER} times as long is borne).", figures)


def slower(in_use: Rule, together: Rule) -> Rule:
    """What is to be made of a version that is slower in use than the one before was: a busy machine looks the same.

    Args:
        in_use: `latency` of answers that were given at different times, and that broke it.
        together: `latency` of both versions on the same pictures at one time, which decides; it may not tell yet.
    """
    figures = in_use.figures | {"together": together.figures}
    if together.passed is None:
        said = "Both are timed side by side before anything is made of it: a busy machine looks the same."
        return Rule("latency", None, f"{in_use.sentence} {said}", figures)
    return Rule("latency", together.passed, f"{in_use.sentence} Side by side: {together.sentence}", figures)


def corrections(corrected: int, seen: int, *, corrected_before: int, seen_before: int, looks: bool = True) -> Rule:
    """Broken where people correct a larger share of what they look at than before, by Fisher's exact test, one-sided.

    Near copies count once. R. A. Fisher, Statistical Methods for Research Workers (1934), 21.02.

    Args:
        corrected, seen: answers that people corrected, of those that they corrected or confirmed.
        corrected_before, seen_before: the same of the replaced version.
        looks: whether this is one of the six looks; in between nothing breaks.
    """
    share, before = _share(corrected, seen), _share(corrected_before, seen_before)
    figures = {"n": seen, "corrected": corrected, "share": share, "n_before": seen_before}
    figures |= {"corrected_before": corrected_before, "before": before, "alpha": ALPHA / LOOKS}
    if not seen or not seen_before:
        whose = "this version" if not seen else "the version before"
        return Rule("corrections", None, f"Nobody looked at an answer of {whose}.", figures)
    both, wrong = seen + seen_before, corrected + corrected_before
    p = float(stats.hypergeom.sf(corrected - 1, both, wrong, seen)) if corrected else 1.0
    told = f"Of {seen:,} answers that people looked at they corrected {corrected} ({share:.1%}), against "
    told += f"{before:.1%} of {seen_before:,} before (p = {p:.2g})."
    return Rule("corrections", not (looks and p < ALPHA / LOOKS), told, figures | {"p": p})


def classes(said: Sequence[str], before: Sequence[str]) -> Rule:
    """Broken where the shares of the classes on the same pictures are more than 0.25 apart (total variation)."""
    n = len(said)
    if n < SAME:
        return Rule("classes", None, f"Both versions answered {n} of the newest pictures; it takes {SAME}.", {"n": n})
    new, old = Counter(said), Counter(before)
    moved = {name: (new[name] - old[name]) / n for name in new.keys() | old.keys()}
    apart = sum(abs(new[name] - old[name]) for name in moved) / (2 * n)  # of whole numbers: 0.25 is borne exactly
    most = max(sorted(moved), key=lambda name: abs(moved[name]))
    figures = {"n": n, "apart": apart, "limit": APART, "class": most, "share": new[most] / n, "before": old[most] / n}
    told = f"On the same {n} pictures the shares of the classes are {apart:.2f} apart ({APART} is borne)"
    worst = f"; {most} is {new[most] / n:.0%} of the answers, against {old[most] / n:.0%} before" if apart else ""
    return Rule("classes", apart <= APART, f"{told}{worst}.", figures)


def accuracy(pair: Pair, *, looks: bool = True) -> Rule:
    """Broken where the version is wrong of more of the pictures drawn at random, by McNemar's exact test, one-sided.

    Near copies count once; of masks, the version with the lower Dice is wrong.

    Args:
        pair: the replaced version as `live`, and the one that is watched.
        looks: whether this is one of the six looks; in between nothing breaks.
    """
    n = len(pair)
    if not n:
        said = "Nobody has labelled a picture that was drawn at random since."
        return Rule("accuracy", None, said, {"n": 0})
    better, worse, _, p = mcnemar(pair)
    figures = {"n": n, "better": better, "worse": worse, "p": p, "alpha": ALPHA / LOOKS}
    told = f"Of {n} labelled pictures drawn at random it is better on {better} and worse on {worse} (p = {p:.2g})."
    return Rule("accuracy", not (looks and p < ALPHA / LOOKS), told, figures)


_NOTHING = "It has not been asked yet."


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
