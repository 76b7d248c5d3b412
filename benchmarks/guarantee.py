"""Whether a certified cascade keeps its promise, and how often one that people would tune breaks it.

`python -m benchmarks.guarantee --seeds 1000` draws that many calibrations from a population whose truth is known: a
fast model that is too sure of itself, and an accurate one that mends most of its errors. It ends with 1 where the
certified limit breaks its promise in more runs than it may, or where the naive one does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from benchmarks.results import publish
from sightloop.measure import deferral
from sightloop.measure.deferral import Confidences, Losses

POPULATION = 1_000_000
SIZES = (150, 300, 1000)
PROMISES = ((0.02, 0.05), (0.01, 0.05), (0.05, 0.10))  # epsilon, delta
NOBODY = 2.0
DOUBT = 1e-3  # chance that a claim which holds is reported broken


@dataclass(frozen=True)
class Population:
    """Of many pictures: both members' confidences, and where each is wrong; two classes."""

    fast: Confidences
    accurate: Confidences
    fast_wrong: Losses
    accurate_wrong: Losses

    def losses(self, *, labelled: bool) -> Losses:
        return self.fast_wrong & ~self.accurate_wrong if labelled else self.fast_wrong ^ self.accurate_wrong

    def drawn(self, rng: np.random.Generator, n: int) -> Population:
        rows = rng.integers(0, len(self.fast), n)
        return Population(self.fast[rows], self.accurate[rows], self.fast_wrong[rows], self.accurate_wrong[rows])


def populate(seed: int = 0) -> Population:
    """Pictures of every difficulty; 88 % right and overconfident against 95 % right, with errors in common."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(2.4, 1.9, POPULATION)  # of the fast member, in logits, towards the truth
    better = margin + np.abs(rng.normal(1.1, 0.9, POPULATION)) * rng.choice([-0.35, 1], POPULATION, p=[0.08, 0.92])
    fast, accurate = (1 / (1 + np.exp(-1.4 * np.abs(one))) for one in (margin, better))
    return Population(fast, accurate, margin < 0, better < 0)


@dataclass(frozen=True)
class Truth:
    """What a limit really costs: the share of the population at or above it that counts, by binary search."""

    limits: Confidences
    above: NDArray[np.float64]

    @classmethod
    def of(cls, confidences: Confidences, weights: NDArray[np.float64]) -> Truth:
        order = np.argsort(confidences)
        sums = np.append(np.cumsum(weights[order][::-1])[::-1], 0.0)
        return cls(confidences[order], sums / len(confidences))

    def __call__(self, limit: float | None) -> float:
        return float(self.above[np.searchsorted(self.limits, NOBODY if limit is None else limit, side="left")])


@click.command()
@click.option("--seeds", default=1000, show_default=True, help="calibrations drawn for each row, 400 at least")
def main(seeds: int) -> None:
    """Print how often each way to choose a limit breaks its promise."""
    everybody = populate()
    rows = [
        row
        for n in SIZES
        for epsilon, delta in PROMISES
        for form in ("labelled", "label-free")
        for row in compared(everybody, n=n, epsilon=epsilon, delta=delta, labelled=form == "labelled", seeds=seeds)
    ]
    rows += [banded(everybody, n=n, epsilon=0.02, human=0.03, delta=0.05, seeds=seeds) for n in SIZES]
    notes = {
        "seeds": seeds,
        "fast_accuracy": 1 - float(everybody.fast_wrong.mean()),
        "accurate_accuracy": 1 - float(everybody.accurate_wrong.mean()),
    }
    publish("guarantee", rows, notes=notes)
    broken = [
        f"{row['way']}, n = {row['n']}, epsilon = {row['epsilon']}" for row in rows if not _as_claimed(row, seeds)
    ]
    click.echo(f"  claims that do not hold: {'; '.join(broken) or 'none'}")
    raise SystemExit(1 if broken else 0)


def _as_claimed(row: dict[str, Any], seeds: int) -> bool:
    """Certified: so many broken runs are no surprise if each breaks with chance delta. Naive: they are one."""
    surprise = float(binom.sf(round(row["broken"] * seeds) - 1, seeds, row["delta"]))
    return surprise > DOUBT if row["way"] == "certified" else surprise <= DOUBT


def compared(
    everybody: Population, *, n: int, epsilon: float, delta: float, labelled: bool, seeds: int
) -> list[dict[str, Any]]:
    """One row for each way: how often what it counts, and how often the cascade's accuracy, lost more than epsilon."""
    losses = everybody.losses(labelled=labelled)
    lost = Truth.of(everybody.fast, losses.astype(np.float64))
    worse = everybody.fast_wrong.astype(np.float64) - everybody.accurate_wrong
    dropped, answered = Truth.of(everybody.fast, worse), Truth.of(everybody.fast, np.ones(len(losses)))
    ways: dict[str, list[float | None]] = {"certified": [], "naive": []}
    for seed in range(seeds):
        some = everybody.drawn(np.random.default_rng([seed, n]), n)
        mine = some.losses(labelled=labelled)
        ways["certified"].append(deferral.certify(some.fast, mine, epsilon=epsilon, delta=delta).threshold)
        ways["naive"].append(deferral.naive(some.fast, mine, epsilon=epsilon))
    return [
        {
            "n": n,
            "epsilon": epsilon,
            "delta": delta,
            "form": "labelled" if labelled else "label-free",
            "way": way,
            "broken": float(np.mean([lost(limit) > epsilon for limit in limits])),
            "accuracy_broken": float(np.mean([dropped(limit) > epsilon for limit in limits])),
            "deferred": 1 - float(np.mean([answered(limit) for limit in limits])),
        }
        for way, limits in ways.items()
    ]


def banded(everybody: Population, *, n: int, epsilon: float, human: float, delta: float, seeds: int) -> dict[str, Any]:
    """Both promises together, each at half of delta: how often either is broken, and who answers."""
    lost = Truth.of(everybody.fast, everybody.losses(labelled=True).astype(np.float64))
    broken, deferred, to_people = [], [], []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, n, 1])
        limit, band = _both(everybody.drawn(rng, n), everybody.drawn(rng, n), epsilon, human, delta / 2)
        quick = everybody.fast >= (NOBODY if limit is None else limit)
        given = np.where(quick, everybody.fast, everybody.accurate) >= (NOBODY if band is None else band)
        wrong = np.where(quick, everybody.fast_wrong, everybody.accurate_wrong)
        broken.append(lost(limit) > epsilon or float((given & wrong).mean()) > human)
        deferred.append(1 - float(quick.mean()))
        to_people.append(1 - float(given.mean()))
    return {
        "n": n,
        "epsilon": epsilon,
        "delta": delta,
        "form": f"with people, {human:g} wrong",
        "way": "certified",
        "broken": float(np.mean(broken)),
        "deferred": float(np.mean(deferred)),
        "people": float(np.mean(to_people)),
    }


def _both(
    tuning: Population, some: Population, epsilon: float, human: float, delta: float
) -> tuple[float | None, float | None]:
    """The limit and the human band, as the family `cascade` finds them."""
    least = deferral.naive(tuning.fast, tuning.losses(labelled=True), epsilon=epsilon) or 0.0
    found = deferral.certify(some.fast, some.losses(labelled=True), epsilon=epsilon, delta=delta, least=least)
    said = (some.fast, some.fast_wrong), (some.accurate, some.accurate_wrong)
    sure, wrong = deferral.surest_wrong(said[0], said[1], least=least)
    return found.threshold, deferral.human_band(sure, wrong, epsilon=human, delta=delta).threshold


if __name__ == "__main__":
    main()
