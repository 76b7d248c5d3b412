"""How often the gate promotes and refuses what it should not, against the two rules that people use instead.

`python -m benchmarks.gate --runs 500` draws that many frozen test sides for each size and each kind of candidate. The
live model is right of 90 %; a candidate answers differently on 5 to 12 % of the pictures, is as well calibrated, and
its true gain is known. "new >= old" promotes whatever is not less accurate; "no class -2" what loses two points in no
class. Of these two, what is not promoted is refused. It ends with 1 where the gate promotes a worse model, or refuses
one that is as good or better, in more runs than its tests may be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from scipy.stats import binom

from benchmarks.results import publish
from sightloop.measure import gate
from sightloop.measure.pairs import Pair, Values

SIZES = (300, 1000, 3000)
CLASSES = 6
ACCURACY = 0.9
TWO_POINTS = 0.02
WRONG = 0.05  # that a test may be, each; better is shown by one of two, worse by one of three
DOUBT = 1e-3  # chance that a claim which holds is reported broken


@dataclass(frozen=True)
class Candidate:
    """What is true of a model: how much better it is, and on how many pictures it answers differently."""

    name: str
    gain: float
    discordant: float


CANDIDATES = (
    Candidate("3 points worse", -0.03, 0.10),
    Candidate("1 point worse", -0.01, 0.05),
    Candidate("equal", 0.0, 0.05),
    Candidate("1 point better", 0.01, 0.05),
    Candidate("3 points better", 0.03, 0.10),
    Candidate("6 points better", 0.06, 0.12),
)


def draw(rng: np.random.Generator, n: int, candidate: Candidate) -> tuple[Pair, tuple[Values, Values]]:
    """Both models on `n` pictures, and how sure each was: as sure as such pictures are right."""
    u, won = rng.random(n), (candidate.discordant + candidate.gain) / 2
    lost = candidate.discordant - won
    agreed = rng.random(n) < (ACCURACY - lost) / (1 - candidate.discordant)
    live = np.where(u < won, 0.0, np.where(u < won + lost, 1.0, agreed))
    new = np.where(u < won, 1.0, np.where(u < won + lost, 0.0, agreed))
    names = [str(row) for row in range(n)]
    pair = Pair(live, new, names, [str(row) for row in rng.integers(0, CLASSES, n)])
    return pair, (_sure(rng, live, ACCURACY), _sure(rng, new, ACCURACY + candidate.gain))


def _sure(rng: np.random.Generator, right: Values, accuracy: float) -> Values:
    """Calibrated confidences of answers that were right or wrong, `accuracy` of them right."""
    least = 2 * accuracy - 1  # uniform from there to 1 the mean is the accuracy
    height = rng.random(len(right))
    span = 1 - least
    grown = np.sqrt(least**2 + height * (1 - least**2))  # density of confidence c among the right ones: c
    shrunk = 1 - span * np.sqrt(height)  # and among the wrong ones: 1 - c
    return np.where(right == 1, grown, shrunk)


def naive(pair: Pair) -> bool:
    """New >= old."""
    return bool(pair.candidate.mean() >= pair.live.mean())


def by_class(pair: Pair) -> bool:
    """No class loses two points."""
    names = np.asarray(pair.targets)
    lost = [(pair.live - pair.candidate)[names == name].mean() for name in np.unique(names)]
    return bool(max(lost) < TWO_POINTS)


def row(n: int, candidate: Candidate, *, runs: int) -> dict[str, Any]:
    """Shares of runs in which each rule promotes, and in which the gate refuses or cannot tell."""
    rng = np.random.default_rng([n, CANDIDATES.index(candidate)])
    verdicts, plain, classes = [], 0, 0
    for _ in range(runs):
        pair, claimed = draw(rng, n, candidate)
        verdicts.append(gate.judge(pair, claimed=claimed)["verdict"])
        plain += naive(pair)
        classes += by_class(pair)
    shares = {verdict: verdicts.count(verdict) / runs for verdict in ("promote", "refuse", "undecided")}
    others = {"new >= old promotes": plain / runs, "no class -2 promotes": classes / runs}
    return {"n": n, "candidate": candidate.name, **shares, **others}


@click.command()
@click.option("--runs", default=500, show_default=True, help="test sides drawn for each row")
def main(runs: int) -> None:
    """Print how often each rule promotes and refuses."""
    rows = [row(n, candidate, runs=runs) for n in SIZES for candidate in CANDIDATES]
    publish("gate", rows, notes={"runs": runs})
    broken = [f"{one['candidate']}, n = {one['n']}" for one in rows if not _kept(one, runs=runs)]
    click.echo(f"  claims that do not hold: {'; '.join(broken) or 'none'}")
    raise SystemExit(1 if broken else 0)


def _kept(one: dict[str, Any], *, runs: int) -> bool:
    """Whether what is wrong of a row is as rare as its tests promise."""
    worse = "worse" in one["candidate"]
    allowed = (1 if worse else 3) * WRONG
    wrong = one["promote"] if worse else one["refuse"]
    return bool(binom.sf(round(wrong * runs) - 1, runs, allowed) >= DOUBT)


if __name__ == "__main__":
    main()
