"""Ask a predictor about pictures whose truth is known, and score what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json, Project
from sightloop.core.ports import Predictor, Report
from sightloop.flows import judging_classes, judging_masks
from sightloop.flows.cases import Case


class Judged(Protocol):
    """What a predictor said beside the truth, of whichever task."""

    @property
    def cases(self) -> tuple[Case, ...]:
        """Those that could be judged."""

    @property
    def unreadable(self) -> int:
        """How many could not."""

    def keep(self, chosen: NDArray[np.bool_]) -> Judged:
        """Only the chosen (n,) rows."""

    def figures(self) -> Json:
        """All figures with intervals."""

    def beside(self) -> Json:
        """What else is worth telling of all cases together."""

    def said(self) -> dict[str, Json]:
        """By image id: predicted, shown, confidence, probabilities, and figures where the task has some."""

    def plots(self, figures: Json) -> dict[str, bytes]:
        """Pictures of the `figures` that `score` gave, by file name."""


JUDGES: dict[str, Callable[..., Judged]] = {"classify": judging_classes.judge, "segment": judging_masks.judge}


def judge(predictor: Predictor, cases: Sequence[Case], *, project: Project, report: Report | None = None) -> Judged:
    """Ask the predictor about every case as the project's task and floor have it; unreadable pictures are counted."""
    return JUDGES[project.task](predictor, cases, project=project, report=report)


def score(judged: Judged) -> Json:
    """All figures with intervals; beside them those without the leaked pictures where there are any."""
    leaked = np.array([case.leaked for case in judged.cases], dtype=bool)
    figures = judged.figures() | judged.beside() | {"unreadable": judged.unreadable, "leaked": int(leaked.sum())}
    if leaked.any():
        figures["without_leaked"] = judged.keep(~leaked).figures()
    return figures
