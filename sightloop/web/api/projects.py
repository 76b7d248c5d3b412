"""Projects, their members, recipes, counts and insights."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from sightloop.core.entities import ImageStatus, Json, Side
from sightloop.core.recipes import RECIPES
from sightloop.flows import insights as insight_flows
from sightloop.flows import library, projects
from sightloop.web import shapes
from sightloop.web.desk import Anybody, AtDesk, Manager, Viewer
from sightloop.web.shapes import ImageShape, Listed, ProjectShape, Shape

router = APIRouter(prefix="/api/v1", tags=["projects"])


class NewProject(shapes.Request):
    """A project's name (its place in URLs) and what it begins with."""

    name: str
    recipe: str = "blank"
    title: str = ""
    classes: list[str] = []


class ProjectChange(shapes.Request):
    """What to change; `revision` is the one you looked at."""

    revision: int | None = None
    title: str | None = None
    floor: float | None = None
    classes: list[str] | None = None
    settings: Json | None = None


class ProjectDetail(ProjectShape):
    """A project, its counts per tab, your role in it, its live model version, and the days its trash is kept."""

    role: str | None
    counts: dict[str, int]
    live_version: int | None
    live_metrics: Json | None
    trash_days: float


class Member(Shape):
    """An account and its role in a project."""

    id: str
    email: str
    name: str
    role: str


class NewMember(shapes.Request):
    """Whose role in the project it is, and which."""

    email: str
    role: Literal["viewer", "reviewer", "maintainer"]


class RecipeShape(Shape):
    """A project template."""

    name: str
    title: str
    task: str
    classes: list[str]
    floor: float


class Shown(Shape):
    """How many pictures of a side and a source are shown as a class."""

    name: str = Field(alias="class")
    side: Side
    source: str
    n: int


class Labelled(Shape):
    """How many pictures of a side and a state people called a class."""

    name: str = Field(alias="class")
    side: Side
    status: ImageStatus
    n: int


class Bar(Shape):
    """A bar of a histogram; both ends are inside it."""

    low: int
    high: int
    count: int


class Spread(Shape):
    """Lengths in pixels; all but `count` are null or empty where nothing was counted."""

    count: int
    min: int | None
    max: int | None
    mean: float | None
    histogram: list[Bar]


class Dimensions(Shape):
    """Widths and heights."""

    width: Spread
    height: Spread


class Insights(Shape):
    """What a project's pictures are."""

    images: int
    trashed: int
    verified: int
    corrected: int
    tabs: dict[str, int]
    status: dict[str, int]
    sites: dict[str, int]
    issues: dict[str, int]
    classes: list[str]
    shown: list[Shown]
    labels: list[Labelled]
    dimensions: Dimensions


@router.get("/recipes")
async def recipes(_: Anybody) -> Listed[RecipeShape]:
    """What a new project can begin with."""
    return Listed(items=[RecipeShape.model_validate(one) for one in RECIPES.values()])


@router.get("/projects")
async def listing(user: Viewer, desk: AtDesk) -> Listed[ProjectShape]:
    """The projects you have a part in."""
    found = await desk.ask(projects.listing, user=user)
    return Listed(items=[ProjectShape.model_validate(one) for one in found])


@router.post("/projects", status_code=201)
async def create(body: NewProject, user: Manager, desk: AtDesk) -> ProjectShape:
    """Create a project from a recipe."""
    made = await desk.ask(
        projects.create, user=user, name=body.name, recipe=body.recipe, title=body.title, classes=body.classes
    )
    return ProjectShape.model_validate(made)


@router.get("/projects/{project}")
async def show(project: str, user: Viewer, desk: AtDesk) -> ProjectDetail:
    """One project."""
    return ProjectDetail.model_validate(await desk.ask(projects.show, user=user, name=project))


@router.patch("/projects/{project}")
async def update(project: str, body: ProjectChange, user: Manager, desk: AtDesk) -> ProjectShape:
    """Change a project; a new floor re-sorts its tabs at once and touches no label."""
    changed = await desk.ask(
        projects.update,
        user=user,
        name=project,
        revision=body.revision,
        title=body.title,
        floor=body.floor,
        classes=body.classes,
        settings=body.settings,
    )
    desk.targets.forget()
    return ProjectShape.model_validate(changed)


@router.get("/projects/{project}/members")
async def members(project: str, user: Viewer, desk: AtDesk) -> Listed[Member]:
    """Who has a part in the project."""
    found = await desk.ask(projects.members, user=user, name=project)
    return Listed(items=[Member.model_validate(one) for one in found])


@router.put("/projects/{project}/members", status_code=204)
async def set_member(project: str, body: NewMember, user: Manager, desk: AtDesk) -> None:
    """Give an account a role in the project."""
    await desk.ask(projects.set_member, user=user, name=project, email=body.email, role=body.role)
    desk.targets.forget()


@router.delete("/projects/{project}/members/{user_id}", status_code=204)
async def remove_member(project: str, user_id: str, user: Manager, desk: AtDesk) -> None:
    """End somebody's part in the project; what they said of pictures stays."""
    await desk.ask(projects.remove_member, user=user, name=project, user_id=user_id)
    desk.targets.forget()


@router.get("/projects/{project}/counts")
async def counts(project: str, user: Viewer, desk: AtDesk) -> dict[str, int]:
    """How many pictures are in each tab."""
    return await desk.ask(library.counts, user=user, project=project)


@router.get("/projects/{project}/insights")
async def insights(project: str, user: Viewer, desk: AtDesk) -> Insights:
    """Class distribution by side and source, dimensions, quality issues and states of all pictures."""
    return Insights.model_validate(await desk.ask(insight_flows.insights, user=user, project=project))


@router.get("/projects/{project}/insights/samples")
async def samples(project: str, shown: str, user: Viewer, desk: AtDesk, limit: int = 8) -> Listed[ImageShape]:
    """Pictures of one class, the least sure first."""
    found = await desk.ask(insight_flows.class_samples, user=user, project=project, shown=shown, limit=limit)
    return Listed(items=[ImageShape.model_validate(one) for one in found])
