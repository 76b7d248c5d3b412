"""A search over a family's parameters (TPE, Bergstra et al. 2011), with trials in processes of their own.

Everything that is known of a trial is in a journal in the search's folder, written by this process alone, so a search
that is killed at any point goes on: trials that were under way go on from their checkpoints under their own number.
Each trial is drawn with a seed of its number, so with one process the result does not depend on interruptions.
"""

from __future__ import annotations

import math
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from sightloop.bundles.format import replace_file
from sightloop.core.entities import Json, Progress, TrainingSet
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.families import trials
from sightloop.families.crew import Crew, Hand
from sightloop.families.locking import alone
from sightloop.families.spaces import Axis

NAME = "search"
STARTUP = 5  # trials drawn at random before TPE begins
WARMUP = 2  # epochs before a trial may be pruned
PATIENCE = 0.5  # seconds between two looks at whether somebody asked to stop
DEATHS = 3  # of the process of one trial, after which it has failed
IMPORTANT = 4  # finished trials that importance is told from
USUAL_PROCESSES = 2
STATES = {TrialState.COMPLETE: "done", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


@dataclass(frozen=True)
class Wanted:
    """A search: `fixed` parameters, `axes` to try, how many `trials` in how many `processes` (0: chosen here)."""

    family: str
    fixed: Json
    axes: tuple[Axis, ...]
    trials: int
    processes: int
    seed: int


@dataclass(frozen=True)
class Place:
    """`work` outlives interruptions; `context` is what families are given; `told` hears of each change of a trial."""

    work: Path
    context: Json
    told: Callable[[Json], None]


def search(wanted: Wanted, data: TrainingSet, *, place: Place, report: Report) -> Json:
    """Carry out the trials, or those that are left, and leave the best one's checkpoint where `train` goes on from it.

    What is told of a trial is {number, state, params, value, loss, reason, epochs}: first of all that are known, then
    of each that changes. A value is an accuracy on the calibration side; epochs are rows {epoch, …figures}.

    Returns:
        {found: the best trial's parameters, best: its number, value, importance: {parameter: share} or None}.

    Raises:
        Rejected: there is no calibration side, or no trial came to an end.
        Cancelled: a person asked to stop.
    """
    if not data.calibration:
        raise Rejected("a search needs labelled pictures on the calibration side.", hint="Label more pictures.")
    folder = place.work / "trials"
    with alone(folder / "search.lock"):
        study, cores = _study(folder / "journal.log"), _cores()
        left = wanted.trials - _over(study)
        hands = min(wanted.processes or min(USUAL_PROCESSES, cores), left)
        context = {**place.context, "features": str(place.work / "features")}
        setup = trials.written(data, family=wanted.family, threads=max(1, cores // max(1, hands)), context=context)
        replace_file(folder / "search.json", setup.encode())
        with Crew(folder / "search.json") as crew:
            _Search(wanted, study, crew, folder, place.told).run(hands, report)
        return _outcome(study, folder)


class _Search:
    """The trials under way: which process carries out which, and what became of them."""

    def __init__(
        self, wanted: Wanted, study: optuna.Study, crew: Crew, folder: Path, told: Callable[[Json], None]
    ) -> None:
        self.wanted, self.study, self.crew, self.folder, self.told = wanted, study, crew, folder, told
        self.under_way: dict[Hand, Trial] = {}
        self.shares: dict[int, float] = {}
        self.deaths: Counter[int] = Counter()
        self.message = "the first begin"
        self.interrupted = [one.number for one in _known(study) if not one.state.is_finished()]

    def run(self, hands: int, report: Report) -> None:
        for known in _known(self.study):
            self.told(row(known))
        for _ in range(hands):
            self._employ(self.crew.hire())
        while self.under_way:
            heard = self.crew.hear(timeout=PATIENCE)
            if heard is not None and heard[0] in self.under_way:
                self._take(*heard)
            report(self._progress())

    def _employ(self, hand: Hand) -> None:
        """Give a process its next trial: one that was interrupted, or a new one; none where all are given out."""
        if not self._waiting:
            return
        trial = self.under_way[hand] = self._drawn(self.interrupted.pop(0) if self.interrupted else None)
        folder = self.folder / f"{trial.number:04d}"
        folder.mkdir(exist_ok=True)
        hand.tell({"params": {**self.wanted.fixed, **trial.params}, "folder": str(folder)})
        self._tell(trial)

    @property
    def _waiting(self) -> bool:
        return bool(self.interrupted) or len(_known(self.study)) < self.wanted.trials

    def _drawn(self, number: int | None) -> Trial:
        """A new trial with its parameters, or one of the journal as it was."""
        following = len(_known(self.study)) if number is None else number
        self.study.sampler = _sampler([self.wanted.seed, following])
        trial = self.study.ask() if number is None else _again(self.study, number)
        for axis in self.wanted.axes:
            _suggest(trial, axis)
        return trial

    def _take(self, hand: Hand, said: Json | None) -> None:
        trial = self.under_way[hand]
        if said is None:
            self._buried(hand, trial)
        elif "message" in said:
            self.shares[trial.number] = said["share"]
            self.message = f"trial {trial.number + 1}: {said['message']}"
        elif "epoch" in said:
            self._epoch(trial, said)
            hand.tell({"go": said["share"] >= 1 or not trial.should_prune()})
        else:
            self._ended(trial, said)
            del self.under_way[hand]
            self._employ(hand)

    def _epoch(self, trial: Trial, said: Json) -> None:
        epoch, figures = int(said["epoch"]), said["figures"]
        _note(trial, {"epoch": epoch, **figures})
        self.shares[trial.number] = said["share"]
        self.message = f"trial {trial.number + 1}: epoch {epoch}, accuracy {figures[trials.ACCURACY]:.1%}"
        self._tell(trial)

    def _ended(self, trial: Trial, said: Json) -> None:
        if "failed" in said:
            trial.set_user_attr("reason", said["failed"])
            self.study.tell(trial, state=TrialState.FAIL)
        elif "pruned" in said:
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            for epoch in said["history"]:
                _note(trial, epoch)
            trial.set_user_attr("loss", said["loss"])
            self.study.tell(trial, said["accuracy"])
        self.shares.pop(trial.number, None)
        self._tell(trial)
        self._tidy()

    def _buried(self, hand: Hand, trial: Trial) -> None:
        """Go on with the trial of a process that died in another one, but not for ever."""
        del self.under_way[hand]
        code = self.crew.dismiss(hand)
        self.deaths[trial.number] += 1
        if self.deaths[trial.number] < DEATHS:
            self.interrupted.insert(0, trial.number)
        else:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            self._ended(trial, {"failed": f"its process {how}, {DEATHS} times."})
        if self._waiting:
            self._employ(self.crew.hire())

    def _tell(self, trial: Trial) -> None:
        self.told(row(_known(self.study)[trial.number]))

    def _tidy(self) -> None:
        """Remove the checkpoints of trials that are over, except the best one's."""
        leader = best(_known(self.study))
        for one in _known(self.study):
            if one.state.is_finished() and (leader is None or one.number != leader.number):
                shutil.rmtree(self.folder / f"{one.number:04d}", ignore_errors=True)

    def _progress(self) -> Progress:
        over, leader = _over(self.study), best(_known(self.study))
        said = f", best {leader.value:.1%}" if leader else ""
        message = f"{over} of {self.wanted.trials} trials done{said}; {self.message}"
        return Progress(over + sum(self.shares.values()), self.wanted.trials, message)


def row(trial: FrozenTrial) -> Json:
    """What is known of a trial; numbers begin with 0."""
    epochs = trial.user_attrs.get("epochs", {})
    return {
        "number": trial.number,
        "state": STATES.get(trial.state, "running"),
        "params": trial.params,
        "value": trial.value,
        "loss": trial.user_attrs.get("loss"),
        "reason": trial.user_attrs.get("reason"),
        "epochs": [epochs[key] for key in sorted(epochs, key=int)],
    }


def best(known: Sequence[FrozenTrial]) -> FrozenTrial | None:
    """The finished trial of the highest accuracy, of equal ones that of the least loss, then the first."""
    over = [one for one in known if one.state == TrialState.COMPLETE]
    return max(over, key=lambda one: (one.value, -one.user_attrs.get("loss", math.inf), -one.number), default=None)


def _study(journal: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    _mend(journal)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(journal))),
        study_name=NAME,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARMUP),
        load_if_exists=True,
    )


def _known(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False)


def _over(study: optuna.Study) -> int:
    return sum(one.state.is_finished() for one in _known(study))


def _mend(journal: Path) -> None:
    """Remove what a crash left behind: a line that is half written, and the lock of who wrote it."""
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if journal.exists():
        data = journal.read_bytes()
        if not data.endswith(b"\n"):
            os.truncate(journal, data.rfind(b"\n") + 1)


def _sampler(seed: Sequence[int]) -> optuna.samplers.TPESampler:
    drawn = int(np.random.SeedSequence(seed).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=drawn, n_startup_trials=STARTUP, multivariate=True, constant_liar=True)


def _again(study: optuna.Study, number: int) -> Trial:
    storage = study._storage
    found = storage.get_trial_id_from_study_id_trial_number(storage.get_study_id_from_name(NAME), number)
    return Trial(study, found)


def _suggest(trial: Trial, axis: Axis) -> Any:
    if axis.kind == "choice":
        return trial.suggest_categorical(axis.name, axis.choices)
    assert axis.low is not None
    assert axis.high is not None
    if axis.kind == "int":
        return trial.suggest_int(axis.name, int(axis.low), int(axis.high), log=axis.log)
    return trial.suggest_float(axis.name, axis.low, axis.high, log=axis.log)


def _note(trial: Trial, figures: Json) -> None:
    """Write an epoch's figures into the journal; one that is there already stays."""
    epochs, epoch = dict(trial.user_attrs.get("epochs", {})), int(figures["epoch"])
    if str(epoch) not in epochs:
        trial.set_user_attr("epochs", {**epochs, str(epoch): figures})
        trial.report(figures[trials.ACCURACY], epoch)


def _outcome(study: optuna.Study, folder: Path) -> Json:
    """What `search` returns; the best trial's checkpoint goes where a training looks for its own."""
    known = _known(study)
    leader = best(known)
    if leader is None:
        reasons = [one.user_attrs["reason"] for one in known if "reason" in one.user_attrs]
        raise Rejected(f"none of {len(known)} trials came to an end: {(reasons or ['all were pruned.'])[-1]}")
    kept = folder / f"{leader.number:04d}" / "checkpoints"
    if kept.is_dir():
        shutil.copytree(kept, folder.parent / "checkpoints", dirs_exist_ok=True)
    return {"found": leader.params, "best": leader.number, "value": leader.value, "importance": _importance(study)}


def _importance(study: optuna.Study) -> dict[str, float] | None:
    """Share of each parameter in what made trials good (PED-ANOVA, Watanabe et al. 2023); None for too few trials."""
    if sum(one.state == TrialState.COMPLETE for one in _known(study)) < IMPORTANT:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(study)
    return {name: float(share) for name, share in found.items()}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
