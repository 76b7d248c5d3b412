"""How often clean streams alarm in a year, and how soon changed ones do.

`SIGHTLOOP_WEIGHTS=../shared/weights python -m benchmarks.drift --data ../shared/data/bio8
 --strangers ../shared/data/clothing10 --keep pools.npz`

A linear model is trained on three tenths of the pictures and asked about the others: they are the population. Every
stream draws its own fixed reference from it, then a window a day for a year, and decides each day as the product does
(`measure.alarm.decide`): window, two windows, and once a week the last 30 days and the classes among them. Intervals
are bootstrapped over streams at 95 %. The power table draws one window from changed copies. Beside it stands what the
predecessors had: KS on the answers to four pictures at a time.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.drift_pools import Pools, make
from benchmarks.results import publish
from sightloop.core.entities import Json
from sightloop.measure.alarm import decide
from sightloop.measure.drift import Evidence, Sample, evidence, material, union
from sightloop.measure.shift import kind

DAYS, MONTH, WEEK, MOST = 365, 30, 7, 2000
SIZES = (50, 100, 200, 500, 1000)
FOUR = 4
Rng = np.random.Generator


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="a folder of class folders")
@click.option("--strangers", type=click.Path(path_type=Path, exists=True), help="pictures of no class")
@click.option("--keep", type=click.Path(path_type=Path), help="where answers are kept for the next run")
@click.option("--streams", default=1000, show_default=True)
@click.option("--trials", default=200, show_default=True, help="windows per cell of the power table")
@click.option("--reference", default=300, show_default=True, help="held-out pictures")
@click.option("--daily", default=100, show_default=True, help="pictures a day")
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
@click.option("--name", default="bio8", show_default=True, help="of the results")
def main(
    data: Path,
    strangers: Path | None,
    keep: Path | None,
    streams: int,
    trials: int,
    reference: int,
    daily: int,
    processes: int,
    name: str,
) -> None:
    """Make the pools, run the streams, fill the table."""
    if keep is not None and keep.exists():
        pools = Pools.open(keep)
    else:
        pools = make(data, strangers, most=400)
        if keep is not None:
            pools.save(keep)
    notes = {"population": len(pools.samples["held out"]), "reference": reference, "daily": daily, "streams": streams}
    with multiprocessing.get_context("fork").Pool(processes) as workers:
        table = workers.map(partial(_cell, pools, reference, trials), _cells(pools), chunksize=1)
        publish(f"drift_power_{name}", table, notes={"trials": trials, "reference": reference})
        years: list[Json] = []
        for year in workers.imap_unordered(partial(_year, pools, reference, daily), range(streams), chunksize=4):
            years.append(year)
            if len(years) % 100 == 0:
                click.echo(f"{len(years)} streams: {np.mean([one['alarms'] for one in years]):.3f} a year", err=True)
    if years:
        publish(f"drift_clean_{name}", _summary(years), notes=notes)


def _year(pools: Pools, reference: int, daily: int, seed: int) -> Json:
    """Alarms of one clean stream against its own fixed reference."""
    rng = np.random.default_rng([seed, 1])
    population = pools.samples["held out"]
    held = population.keep(rng.integers(len(population), size=reference))
    days = rng.integers(len(population), size=(DAYS, daily))
    before, told = None, []
    for day in range(DAYS):
        month = _month(days, day, population) if day % WEEK == 0 else None
        found = decide(
            held, population.keep(days[day]), month=month, before=before, basis=pools.basis, names=pools.names
        )
        before = found.p
        told.append((found.by, found.p))
    alarms = [day for day, (by, _) in enumerate(told) if by]
    by = Counter(by for by, _ in told if by)
    fresh = sum(1 for at, day in enumerate(alarms) if at == 0 or day - alarms[at - 1] > WEEK)
    return {"alarms": len(alarms), "episodes": fresh, "below": sum(p < 0.05 for _, p in told), **by}


def _month(days: NDArray[np.int64], day: int, population: Sample) -> Sample:
    lately = days[max(0, day + 1 - MONTH) : day + 1].ravel()
    return population.keep(lately[np.linspace(0, len(lately) - 1, min(MOST, len(lately))).astype(int)])


def _summary(years: Sequence[Json]) -> list[Json]:
    columns = ("alarms", "episodes", "window", "twice", "month", "classes")
    rows = [_mean(name, np.array([year.get(name, 0) for year in years], np.float64)) for name in columns]
    level = _mean("share of days with p < 0.05", np.array([year["below"] for year in years]) / DAYS)
    return [*rows, level]


def _mean(name: str, values: NDArray[np.float64]) -> Json:
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(4000, len(values)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    none = float((values == 0).mean())
    return {"per year": name, "mean": values.mean(), "low": float(low), "high": float(high), "streams without": none}


def _cells(pools: Pools) -> list[tuple[str, int]]:
    return [(shift, n) for shift in SHIFTS if shift != "strangers 10 %" or "strangers" in pools.samples for n in SIZES]


def _cell(pools: Pools, reference: int, trials: int, cell: tuple[str, int]) -> Json:
    """How often one window of a changed stream rejects, alarms at once, and what kind it is then called."""
    shift, n = cell
    rng = np.random.default_rng([n, *map(ord, shift)])
    population = pools.samples["held out"]
    rejects = alarms = old = 0
    kinds: Counter[str] = Counter()
    for _ in range(trials):
        picked = rng.integers(len(population), size=reference)
        held, window = population.keep(picked), SHIFTS[shift](pools, n, rng)
        found = evidence(held, window, basis=pools.basis, names=pools.names)
        p = union(found)
        rejects += p < 0.05
        alarms += p < 0.05**2 and material(found)
        old += _predecessor(held, window)
        if p < 0.05:
            kinds[_kind(pools, found, held, window, picked)] += 1
    called = ", ".join(f"{name} {count / rejects:.0%}" for name, count in kinds.most_common(2))
    shares = {"rejects": rejects / trials, "alarms at once": alarms / trials, "four at a time": old / trials}
    return {"shift": shift, "n": n, **shares, "called": called}


def _kind(pools: Pools, found: Sequence[Evidence], held: Sample, window: Sample, picked: NDArray[np.int64]) -> str:
    return kind(found, held, window, truth=pools.truth[picked], basis=pools.basis, names=pools.names)[0]


def _predecessor(held: Sample, window: Sample) -> bool:
    """Whether a batch of the first four in the order of arrival rejects: KS per class's answers, Bonferroni, 0.05."""
    p = [stats.ks_2samp(held.answers[:, at], window.answers[:FOUR, at]).pvalue for at in range(held.answers.shape[1])]
    return bool(min(p) * len(p) < 0.05)


def _drawn(name: str, share: float = 1.0) -> Callable[[Pools, int, Rng], Sample]:
    def draw(pools: Pools, n: int, rng: Rng) -> Sample:
        changed = round(share * n)
        clean, other = pools.samples["held out"], pools.samples[name]
        return _joined(
            other.keep(rng.integers(len(other), size=changed)),
            clean.keep(rng.integers(len(clean), size=n - changed)),
            rng,
        )

    return draw


def _mixed(factor: float) -> Callable[[Pools, int, Rng], Sample]:
    """The first class is `factor` times as frequent as it was."""

    def draw(pools: Pools, n: int, rng: Rng) -> Sample:
        weights = np.where(pools.truth == 0, factor, 1.0)
        chosen = rng.choice(len(weights), size=n, p=weights / weights.sum())
        return pools.samples["held out"].keep(chosen)

    return draw


def _one_class_blurred(pools: Pools, n: int, rng: Rng) -> Sample:
    clean, blurred = pools.samples["held out"], pools.samples["blur"]
    chosen = rng.integers(len(blurred), size=n)
    of_class = pools.truth[chosen] == 0
    return _joined(blurred.keep(chosen[of_class]), clean.keep(chosen[~of_class]), rng)


def _joined(one: Sample, other: Sample, rng: Rng) -> Sample:
    """Both, in an order of arrival that tells nothing."""
    both = Sample(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in vars(one)))
    return both.keep(rng.permutation(len(both)))


def _similar(pools: Pools, n: int, rng: Rng) -> Sample:
    """A day on which the first four are nearly the same photo."""
    window = pools.samples["held out"].keep(rng.integers(len(pools.samples["held out"]), size=n))
    return window.keep(np.concatenate([np.zeros(FOUR, np.intp), np.arange(FOUR, n)]))


SHIFTS: dict[str, Callable[[Pools, int, Rng], Sample]] = {
    "none": _mixed(1.0),
    "none, four alike": _similar,
    "noise": _drawn("noise"),
    "blur": _drawn("blur"),
    "brightness": _drawn("brightness"),
    "blur of 30 %": _drawn("blur", 0.3),
    "a class removed": _mixed(0.0),
    "a class doubled": _mixed(2.0),
    "a class fourfold": _mixed(4.0),
    "a class blurred": _one_class_blurred,
    "strangers 10 %": _drawn("strangers", 0.1),
}


if __name__ == "__main__":
    main()
