"""When a project learns again by itself: the decision alone, of numbers that a flow has counted.

Drift alone never retrains: a rule is met by labels that people gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sightloop.core.entities import JobState, Json

DAY = 86_400.0
MONTH = 30 * DAY
SAMPLE = 30  # labelled pictures drawn at random from which on they say how good the live version is
CORRECTIONS, OF_CLASS = 200, 20  # corrections since the live version learnt, in all and of one class


@dataclass(frozen=True)
class Rule:
    """A reason to learn again: `value` of the `wanted` labels are there; without `starts` it only readies the button.

    `figures` are those of an accuracy: {live, test}, each {value, low, high}, None where they are not known.
    """

    name: str
    met: bool
    value: int
    wanted: int
    sentence: str
    starts: bool = True
    figures: Json | None = None


@dataclass(frozen=True)
class Hold:
    """What keeps a project from learning by itself now, `until` a time where that is known."""

    name: str
    sentence: str
    until: float | None = None


@dataclass(frozen=True)
class Spent:
    """A training that started by itself: when it ended (now, where it runs) and how many seconds it took."""

    ended_at: float
    seconds: float


@dataclass(frozen=True)
class Decision:
    """Whether a training would be queued now, by which rule, in a sentence; `missing` says what other rules want."""

    would: bool
    rule: str | None
    sentence: str
    missing: tuple[str, ...]


def decide(rules: Sequence[Rule], holds: Sequence[Hold]) -> Decision:
    """The first rule that is met starts a training, unless something holds it.

    Args:
        rules: in order of precedence.
        holds: what forbids an automatic start now, whichever rule is met.
    """
    met = next((rule for rule in rules if rule.met and rule.starts), None)
    missing = tuple(rule.sentence for rule in rules if not rule.met)
    if met is None:
        return Decision(False, None, _nothing(rules), missing)
    if holds:
        return Decision(False, met.name, f"{_stripped(met)}, but {_lower(holds[0].sentence)}", missing)
    return Decision(True, met.name, met.sentence, missing)


def performance(live: Json | None, test: Json | None, *, n: int, number: int) -> Rule:
    """Whether a labelled random sample shows that the live version has become worse than its test figure.

    Args:
        live: accuracy (or Dice) {value, low, high} on `n` answered pictures drawn at random since the live version.
        test: the same figure of the version on its held-out pictures, None where nobody measured it.
        number: of the live version.
    """
    figures = {"live": live, "test": test}
    if test is None:
        said = f"Nobody has measured version {number} on held-out pictures, so that nothing shows whether it got worse."
        return Rule("performance", False, n, SAMPLE, said, figures=figures)
    if live is None or n < SAMPLE:
        said = f"{n} of {SAMPLE} pictures drawn at random are labelled: {SAMPLE - n} more would show how good it is."
        return Rule("performance", False, n, SAMPLE, said, figures=figures)
    worse = bool(live["high"] < test["low"])
    shown = "is worse than when it was tested" if worse else "is not shown to be worse than when it was tested"
    said = (
        f"Version {number} {shown}: {live['value']:.3f} (at most {live['high']:.3f}) on {n} labelled pictures drawn at "
        f"random, {test['value']:.3f} (at least {test['low']:.3f}) on its held-out ones."
    )
    return Rule("performance", worse, n, SAMPLE, said, figures=figures)


def enough(
    name: str, found: int, *, wanted: int, what: str, since: str, starts: bool = True, forbidden: str = ""
) -> Rule:
    """A rule that counts: `found` of `wanted` of `what`, for example "corrections", `since` version 3 learnt.

    Args:
        forbidden: why it is not met whatever was found; "" where nothing forbids it.
    """
    gap = f"{wanted - found} more are wanted" if found < wanted else "enough"
    met = found >= wanted and not forbidden
    said = forbidden or f"{found} of {wanted} {what} {since}: {gap}{'' if starts or not met else ' for the button'}."
    return Rule(name, met, found, wanted, said, starts=starts)


def cooling(ended_at: float | None, *, days: float, now: float) -> Hold | None:
    """For so many days after a training that ended well none starts by itself."""
    if ended_at is None or now >= ended_at + days * DAY:
        return None
    left = (ended_at + days * DAY - now) / DAY
    said = f"The last training ended {(now - ended_at) / DAY:.1f} days ago, and {days:g} are waited: {left:.1f} more."
    return Hold("cool_down", said, ended_at + days * DAY)


def used(spent: Sequence[Spent], *, now: float) -> float:
    """Hours of the last 30 days that trainings took which started by themselves."""
    return sum(one.seconds for one in spent if one.ended_at + MONTH > now) / 3600


def budget(spent: Sequence[Spent], *, hours: float, now: float) -> Hold | None:
    """No training starts by itself once those of the last 30 days took as many hours as are allowed."""
    taken = used(spent, now=now)
    if taken < hours:
        return None
    said = f"Trainings that started by themselves took {taken:.1f} of {hours:g} hours in 30 days."
    return Hold("budget", said, _free_again(spent, hours=hours, now=now))


def _free_again(spent: Sequence[Spent], *, hours: float, now: float) -> float | None:
    """When enough of them will be longer ago than 30 days; None where that never helps."""
    ends = sorted(one.ended_at + MONTH for one in spent if one.ended_at + MONTH > now)
    return next((end for end in ends if used(spent, now=end) < hours), None)


def challenged(*, number: int, needed: int | None, new: int) -> Hold | None:
    """An undecided challenger is judged before another one is made, unless a label that judges came meanwhile."""
    if new:
        return None
    more = f"about {needed} more labels would tell" if needed else "more labels would tell"
    return Hold("challenger", f"Version {number} is not judged to an end and no label that judges has come: {more}.")


def tried(state: JobState | None, *, new: int, wanted: int) -> Hold | None:
    """The same labels are not learnt twice by themselves.

    A training that is done, or that a person cancelled, has had its labels: as many new ones are wanted again, whether
    or not its version went live. One that failed is tried again as soon as there is another label.

    Args:
        state: of the newest training; None where there was none.
        new: labels that count since it was asked for.
        wanted: how many are enough.
    """
    least = 1 if state == "failed" else wanted
    if state is None or state in ("queued", "running") or new >= least:
        return None
    said = f"The newest training ({state}) has had these labels, but for {new}: {least - new} more are wanted."
    return Hold("tried", said)


def _nothing(rules: Sequence[Rule]) -> str:
    waiting = [rule for rule in rules if not rule.met and rule.starts]
    if not waiting:
        return "No rule asks for a training."
    nearest = max(waiting, key=lambda rule: min(rule.value / max(rule.wanted, 1), 0.999))
    return f"No rule asks for a training. Nearest: {nearest.sentence}"


def _stripped(rule: Rule) -> str:
    return rule.sentence.rstrip(".")


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
