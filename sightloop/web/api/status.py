"""How the installation does: load, parts, space, and a check of rows against files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from sightloop import __version__
from sightloop.core.entities import Json, User
from sightloop.core.permissions import allows, require
from sightloop.flows import checking, storage
from sightloop.flows import status as states
from sightloop.web import sampling, shapes
from sightloop.web.desk import Administrator, AtDesk, Viewer
from sightloop.web.job_answers import told
from sightloop.web.shapes import Instant, JobShape, Shape, iso

router = APIRouter(prefix="/api/v1", tags=["service"])

ABOUT = "Figures of this server process only, sampled by itself; the numbers of jobs are the whole installation's."
SERIES = {
    "requests_per_second": ("Requests", "1/s"),
    "errors_per_second": ("Failed requests", "1/s"),
    "p50": ("Time of the middle request", "s"),
    "p99": ("Time of the slowest hundredth", "s"),
    "predictions_per_second": ("Predictions", "1/s"),
    "queue": ("Pictures waiting", "pictures"),
    "memory": ("Memory", "bytes"),
    "models_loaded": ("Models in memory", "models"),
}


class Now(Shape):
    """The last figures; null is what nobody has measured yet."""

    requests_per_second: float | None
    errors_per_second: float | None
    p50: float | None
    p99: float | None
    predictions_per_second: float | None
    queue: float | None
    memory: float | None
    models_loaded: float | None
    jobs_running: int | None
    jobs_queued: int | None


class Series(Shape):
    """One figure over time: points of (time, value), the oldest first; a window without a value has no point."""

    name: str
    title: str
    unit: str
    points: list[tuple[str, float]]


class Check(Shape):
    """A part that requests need, and whether it works."""

    name: str
    ok: bool
    detail: str


class Mirror(Shape):
    """The copy of runs and versions on an MLflow server; address and error are told to maintainers only."""

    configured: bool
    address: str | None
    waiting: int | None
    sent: int | None
    refused: int | None
    last_error: str | None
    last_sent_at: Instant | None


class Status(Shape):
    """How the server does; `every` are the seconds between two points."""

    version: str
    started_at: Instant
    every: float
    about: str
    now: Now
    series: list[Series]
    checks: list[Check]
    mirror: Mirror


class Disk(Shape):
    """The disk that the data folder is on, in bytes."""

    total: int
    used: int
    free: int


class Part(Shape):
    """What one kind of stored thing takes."""

    name: str
    bytes: int


class ProjectSize(Shape):
    """What a project's pictures take; pictures that several projects have count in each."""

    name: str
    title: str
    images: int
    bytes: int


class Storage(Shape):
    """What takes the space; at most a minute old."""

    disk: Disk
    parts: list[Part]
    projects: list[ProjectSize]


class CheckRequest(shapes.Request):
    """`repair` puts right what can be, `deep` recomputes the hash of every stored file."""

    repair: bool = False
    deep: bool = False


@router.get("/status")
async def status(user: Viewer, desk: AtDesk, minutes: Annotated[int, Query(ge=0, le=60)] = 60) -> Status:
    """Load and health of this server process, sampled every 5 s; points of the last `minutes` only."""

    async def ask() -> Json:
        return await desk.ask(states.look, queue_bound=desk.settings.queue_bound)

    found = await desk.states.get("status", ask)
    counts = {name: found[name] for name in ("jobs_running", "jobs_queued")}
    return Status(
        version=__version__,
        started_at=desk.sampler.started_at,
        every=sampling.EVERY,
        about=ABOUT,
        now=Now.model_validate({**desk.sampler.now(), **counts}),
        series=_series(desk.sampler.points(), since=desk.services.clock() - 60 * minutes),
        checks=[Check.model_validate(one) for one in found["checks"]],
        mirror=_mirror(found["mirror"], user),
    )


def _mirror(found: Json, user: User) -> Mirror:
    private = {} if allows(user.role, "manage") else {"address": None, "last_error": None}
    return Mirror.model_validate({**found, **private})


def _series(points: list[sampling.Point], *, since: float) -> list[Series]:
    recent = [(iso(point.at), point.figures) for point in points if point.at >= since]
    found: dict[str, list[tuple[str, float]]] = {
        name: [(at, value) for at, figures in recent if (value := figures[name]) is not None] for name in SERIES
    }
    return [Series(name=name, title=title, unit=unit, points=found[name]) for name, (title, unit) in SERIES.items()]


@router.get("/storage")
async def show_storage(user: Administrator, desk: AtDesk) -> Storage:
    """What takes the space: the disk, each kind of stored thing, each project."""
    require(user.role, "administer", what="the storage")

    async def ask() -> Json:
        return await desk.ask(storage.overview, user=user)

    return Storage.model_validate(await desk.sizes.get("storage", ask))


@router.post("/check", status_code=202)
async def check(body: CheckRequest, user: Administrator, desk: AtDesk) -> JobShape:
    """Queue a comparison of rows with files; what it finds will be the job's `context.report`."""
    job = await desk.ask(checking.start, user=user, repair=body.repair, deep=body.deep)
    return await told(desk, job)
