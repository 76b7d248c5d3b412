"""The shapes of the API about when a project learns again by itself."""

from __future__ import annotations

from typing import Literal

from sightloop.core.entities import JobState, Json
from sightloop.web.shapes import Instant, Shape


class PolicyFigure(Shape):
    """A measured share with its interval of 95 %."""

    value: float
    low: float
    high: float


class PolicyFigures(Shape):
    """How good the live version is on pictures drawn at random, and on its held-out ones; null where not known."""

    live: PolicyFigure | None
    test: PolicyFigure | None


class PolicyRule(Shape):
    """A reason to learn again: `value` of the `wanted` labels are there; without `starts` it only readies the button.

    "performance" is met by its `figures`, not by the number of labels.
    """

    name: Literal["performance", "covariate", "corrections", "class", "labels"]
    met: bool
    value: int
    wanted: int
    sentence: str
    starts: bool
    figures: PolicyFigures | None


class PolicyHold(Shape):
    """What keeps a project from learning by itself now; `until` is null where no time is known."""

    name: Literal["no_model", "nothing", "automatic_off", "running", "cool_down", "budget", "challenger", "tried"]
    sentence: str
    until: Instant | None


class PolicyBudget(Shape):
    """Hours of 30 days that trainings which start by themselves may take, and took."""

    hours: float
    used: float


class PolicyLast(Shape):
    """The newest training; `rule` is null where somebody asked for it."""

    job_id: str
    state: JobState
    at: Instant
    rule: str | None
    sentence: str


class PolicyLearns(Shape):
    """Pictures on the sides that teach, calibrate and judge, and those labelled since the live version learnt."""

    teach: int
    calibrate: int
    judge: int
    new: int


class PolicyShape(Shape):
    """Whether a training would start by itself now; `rule` is the one that is met, also where something holds it.

    `missing` says what the rules that are not met want; `family` and `params` are null without a live version.
    """

    would: bool
    rule: str | None
    sentence: str
    missing: list[str]
    rules: list[PolicyRule]
    holds: list[PolicyHold]
    automatic: bool
    cool_down_days: float
    budget: PolicyBudget
    last: PolicyLast | None
    learns: PolicyLearns
    family: str | None
    params: Json | None
