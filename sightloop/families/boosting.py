"""Gradient-boosted trees (Ke et al., "LightGBM", NeurIPS 2017) that begin where a logistic regression ends.

On embeddings trees alone answer worse than a linear layer, which they have to imitate step by step. Here they learn
what it leaves: each picture begins at logits (LightGBM's init_score) from a layer that never met the picture's group,
since those of one that has met it would leave nothing to learn (Wolpert, "Stacked generalization", 1992).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json, Progress
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.families import embedding
from sightloop.families.embedding import Learnt, Parts
from sightloop.families.parameters import BoostedParams

RATES, LEAVES, LEAST, COLUMNS = (0.03, 0.1), (4, 15), (5, 20), (0.05, 0.3)  # what the grid crosses
PATIENCE = 20  # trees without a better loss after which a choice is judged
BINS = 63  # steps that every number of an embedding is told apart by
STARTS = 6  # choices of TPE by chance
EVERY = 5  # trees between two reports


@dataclass(frozen=True)
class Choice:
    """Parameters of the trees, by the names of `BoostedParams`."""

    learning_rate: float
    leaves: int
    least: int
    columns: float
    penalty: float

    @classmethod
    def of(cls, values: Any) -> Choice:
        """Those that `values`, an object or a row, names."""
        row = values if isinstance(values, dict) else vars(values)
        return cls(**{entry.name: row[entry.name] for entry in fields(cls)})


def folds(learnt: Learnt, params: BoostedParams) -> Parts:
    """Folds of whole groups, on which trees are judged; raises Rejected where there is but one group."""
    parts = embedding.folds(learnt, params.folds)
    if not parts:
        raise Rejected("trees need training pictures of at least two groups.", hint="Train family linear.")
    return parts


def fit(judge: Judge) -> tuple[lightgbm.Booster, list[Json]]:
    """The trees with the best parameters and as many as the folds bear, and what was tried.

    A picture counts as its weight says, whatever its class: `class_weight=None` in scikit-learn's words.

    Returns:
        the booster, and rows {trial, loss, rounds, …parameters, chosen}; the loss is the mean negative log-likelihood
        on pictures of groups that neither the trees nor the layer below them met.
    """
    params = judge.params
    {"none": _as_asked, "grid": _grid, "tpe": _tpe}[params.search](params, judge)
    best = min(judge.rows, key=lambda row: row["loss"])
    best["chosen"] = True
    judge.report(Progress(0, 1, f"growing {best['rounds']} trees of each class"))
    return lightgbm.train(judge.settings(Choice.of(best)), judge.dataset, best["rounds"]), judge.rows


class Judge:
    """Judges choices on folds of whole groups, and keeps what it found in `rows`."""

    def __init__(
        self, learnt: Learnt, parts: Parts, *, begin: NDArray[np.float32], params: BoostedParams, report: Report
    ) -> None:
        """`begin` are the logits (n, classes) that the trees begin at."""
        self.classes, self.parts, self.params, self.report = learnt.classes, parts, params, report
        self.total = tries(params)
        self.rows: list[Json] = []
        scores = begin if learnt.classes > 2 else begin[:, 1] - begin[:, 0]
        self.dataset = lightgbm.Dataset(
            learnt.embeddings, learnt.truth, weight=learnt.weights, init_score=scores.astype(np.float64),
            params=self._fixed(), free_raw_data=False,
        ).construct()  # fmt: skip

    def __call__(self, choice: Choice) -> float:
        """The mean loss over the folds with the best number of trees, after which none came better for a while."""
        found = lightgbm.cv(
            self.settings(choice), self.dataset, self.params.rounds, folds=self.parts,
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False), self._say],
        )  # fmt: skip
        losses = np.array(next(values for name, values in found.items() if name.endswith("-mean")))
        loss, rounds = float(losses.min()), int(losses.argmin()) + 1
        self.rows.append({"trial": len(self.rows), "loss": loss, "rounds": rounds, **asdict(choice), "chosen": False})
        return loss

    def settings(self, choice: Choice) -> Json:
        """LightGBM's names and values."""
        return {
            **self._fixed(),
            "learning_rate": choice.learning_rate,
            "num_leaves": choice.leaves,
            "min_data_in_leaf": choice.least,
            "feature_fraction": choice.columns,
            "lambda_l2": choice.penalty,
        }

    def _fixed(self) -> Json:
        several: Json = {"objective": "multiclass", "num_class": self.classes, "metric": "multi_logloss"}
        return {
            **(several if self.classes > 2 else {"objective": "binary", "metric": "binary_logloss"}),
            "max_bin": BINS,
            "feature_pre_filter": False,  # one data set serves every choice of `least`
            "deterministic": True,
            "force_row_wise": True,
            "seed": self.params.seed,
            "num_threads": self.params.threads,
            "verbosity": -1,
        }

    def _say(self, state: Any) -> None:
        if state.iteration % EVERY == 0:
            tried, grown = len(self.rows), state.iteration
            said = f"choosing the trees: try {tried + 1} of {self.total}, {grown} trees"
            self.report(Progress(tried + grown / self.params.rounds, self.total, said))


def tries(params: BoostedParams) -> int:
    """How many choices are judged."""
    return {"none": 1, "grid": len(_table(params)), "tpe": params.trials}[params.search]


def _table(params: BoostedParams) -> list[Choice]:
    return [Choice(*values, params.penalty) for values in itertools.product(RATES, LEAVES, LEAST, COLUMNS)]


def _as_asked(params: BoostedParams, judge: Callable[[Choice], float]) -> None:
    judge(Choice.of(params))


def _grid(params: BoostedParams, judge: Callable[[Choice], float]) -> None:
    for choice in _table(params):
        judge(choice)


def _tpe(params: BoostedParams, judge: Callable[[Choice], float]) -> None:
    """What the parameters ask for, then a tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011)."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    judge(Choice.of(params))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(n_startup_trials=STARTS, seed=params.seed))
    for _ in range(params.trials - 1):
        trial = study.ask()
        choice = Choice(
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            leaves=trial.suggest_int("leaves", 2, 31, log=True),
            least=trial.suggest_int("least", 1, 60, log=True),
            columns=trial.suggest_float("columns", 0.02, 1.0, log=True),
            penalty=trial.suggest_float("penalty", 0.01, 100.0, log=True),
        )
        study.tell(trial, judge(choice))
