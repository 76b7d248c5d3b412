"""A project's drift: the newest report and the line of all, one report, and a check now."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from sightloop.flows import drift_standing, drifting
from sightloop.web.desk import AtDesk, Trainer, Viewer
from sightloop.web.job_answers import told
from sightloop.web.shapes import Instant, JobShape, Shape

router = APIRouter(prefix="/api/v1/projects/{project}/drift", tags=["models"])

Kind = Literal["none", "label", "acquisition", "strangers", "covariate"]
By = Literal["window", "twice", "month", "classes"]


class DriftFamily(Shape):
    """One family of tests: `p` corrected within it, its largest effect (0 to 1), and the columns that changed most.

    A column says its `distance` (Kolmogorov-Smirnov) and `p`, or its share `before` and `after`.
    """

    name: str
    p: float
    effect: float
    worst: list[dict[str, Any]]


class DriftOfClass(Shape):
    """The tests among the pictures of 30 days that are answered with one class; `p` is corrected over classes."""

    name: str = Field(alias="class")
    n: int
    p: float
    family: str
    effect: float


class DriftMonth(Shape):
    """The tests of the pictures of 30 days."""

    n: int
    p: float
    families: list[DriftFamily]


class DriftShare(Shape):
    """How often a class is answered, as shares of the held-out pictures and of the window's."""

    name: str = Field(alias="class")
    before: float
    after: float


class DriftPrior(Shape):
    """How frequent a class is, or is now estimated to be."""

    before: float
    after: float


class DriftPicture(Shape):
    """A picture that drives the change: `score` is how sure a classifier is that it is new; `nearest` is held out."""

    image_id: str
    score: float
    nearest: str


class DriftHistogram(Shape):
    """Shares of pictures in bins between `edges`."""

    family: str
    column: str
    edges: list[float]
    before: list[float]
    after: list[float]


class DriftScatter(Shape):
    """Points in the first two components of the embedding."""

    before: list[list[float]]
    after: list[list[float]]


class DriftWanted(Shape):
    """Pictures whose labels are asked for."""

    random: list[str]
    shifted: list[str]


class DriftReport(Shape):
    """One check. `came` counts the pictures before near copies were set aside, `held_out` what they are compared with.

    `by` says which tests raised the alarm; `cumulative` is null where the month had its turn less than a week before.
    """

    id: str
    version: int
    version_id: str
    at: Instant
    since: Instant
    until: Instant
    came: int
    n: int
    held_out: int
    p: float
    before_p: float | None
    alarm: bool
    by: By | None
    kind: Kind
    sentence: str
    families: list[DriftFamily]
    classes: list[DriftOfClass]
    cumulative: DriftMonth | None
    rejecting: list[str]
    reweighted_p: float | None
    priors: dict[str, DriftPrior] | None
    driving: list[DriftPicture]
    shares: list[DriftShare]
    histograms: list[DriftHistogram]
    scatter: DriftScatter
    needs: Literal["labels"] | None
    wanted: DriftWanted | None


class DriftPoint(Shape):
    """A check on the line of all."""

    id: str
    version: int | None
    at: Instant
    since: Instant
    until: Instant
    n: int
    p: float
    kind: Kind
    alarm: bool


class DriftOverview(Shape):
    """`waiting` pictures came in since the last check, `needed` are needed; `next_at` is the next check by itself."""

    newest: DriftReport | None
    timeline: list[DriftPoint]
    waiting: int
    needed: int
    next_at: Instant | None
    threshold: float


@router.get("")
async def overview(project: str, user: Viewer, desk: AtDesk) -> DriftOverview:
    """The newest report, the line of all of them (oldest first), and how many pictures wait for the next."""
    return DriftOverview.model_validate(await desk.ask_computing(drift_standing.overview, user=user, project=project))


@router.get("/{report_id}")
async def show(project: str, report_id: str, user: Viewer, desk: AtDesk) -> DriftReport:
    """One report whole."""
    found = await desk.ask(drifting.show, user=user, project=project, report_id=report_id)
    return DriftReport.model_validate(found)


@router.post("", status_code=202)
async def check(project: str, user: Trainer, desk: AtDesk) -> JobShape:
    """Queue a check of what came in since the last one; its report is found in the job's `context["drift"]`."""
    return await told(desk, await desk.ask(drifting.start, user=user, name=project))
