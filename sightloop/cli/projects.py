"""`sightloop project`: create, list, show and change projects and their members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, moment, pairs, sections, table
from sightloop.cli.project_settings import given_settings, setting_options
from sightloop.core.errors import Missing

if TYPE_CHECKING:
    from sightloop.core.entities import Project


CERTIFYING = (
    "From now on half of the calibration side certifies cascades: no model is fitted or chosen on it.\n"
    "Models trained before have met these pictures: train two anew, then run sightloop cascade certify."
)


@click.group()
def project() -> None:
    """Create, list, show and change projects and their members."""


@project.command()
@click.argument("name")
@click.option("--recipe", default="blank", show_default=True, help="blank, biosight, cataract, crack or cats-dogs.")
@click.option("--title", default="", help="What the page calls it; the name when absent.")
@click.option("--class", "classes", multiple=True, help="A class; repeat for each. The recipe's when absent.")
@json_option
def create(name: str, recipe: str, title: str, classes: Sequence[str], as_json: bool) -> None:
    """Create a project."""
    from sightloop.flows import access, projects

    with opened() as services:
        made = projects.create(services, user=access.OPERATOR, name=name, recipe=recipe, title=title, classes=classes)
    known = ", ".join(made.classes) or "taken from the first import"
    emit(made, as_json=as_json, text=lambda: f"Created project {made.name}; classes: {known}.")


@project.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every project."""
    from sightloop.flows import access, projects

    with opened() as services:
        found = projects.listing(services, user=access.OPERATOR)
    rows = [(one.name, one.title, one.recipe, len(one.classes), moment(one.created_at)) for one in found]
    emit(found, as_json=as_json, text=lambda: table(rows, head=("name", "title", "recipe", "classes", "since")))


@project.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """One project with its counts and its live model."""
    from sightloop.flows import access, projects

    with opened() as services:
        found = projects.show(services, user=access.OPERATOR, name=name)
    emit(found, as_json=as_json, text=lambda: pairs(found))


@project.command("set")
@click.argument("name")
@click.option("--title", help="What the page calls it.")
@click.option("--floor", type=click.FloatRange(0, 1), help="Confidence below which an answer is shown as unknown.")
@click.option("--class", "added", multiple=True, help="A class to add; repeat for each. None is ever removed.")
@setting_options
@json_option
def set_(
    name: str, title: str | None, floor: float | None, added: Sequence[str], as_json: bool, **settings: Any
) -> None:
    """Change what is given; how pictures are grouped and split holds for those added from then on."""
    from sightloop.flows import access, projects

    given = given_settings(settings)
    with opened() as services:
        known = access.project_for(services, user=access.OPERATOR, name=name, action="manage").classes
        classes = (*known, *(one for one in added if one not in known))
        changed = projects.update(
            services, user=access.OPERATOR, name=name, title=title, floor=floor, classes=classes, settings=given
        )
    emit(changed, as_json=as_json, text=lambda: sections(_told(changed), CERTIFYING if given.get("certify") else ""))


@project.command()
@click.argument("name")
@click.argument("value", type=click.FloatRange(0, 1))
@click.option("--dry-run", is_flag=True, help="Only say what the tabs would show.")
@json_option
def floor(name: str, value: float, dry_run: bool, as_json: bool) -> None:
    """Set the confidence below which an answer is shown as unknown, and say what the tabs show then."""
    from sightloop.flows import access, projects
    from sightloop.flows import floor as flow

    with opened() as services:
        found = flow.preview(services, user=access.OPERATOR, project=name, value=value)
        if not dry_run:
            projects.update(services, user=access.OPERATOR, name=name, floor=value)
    tabs = sorted({*found["now"], *found["counts"]})
    rows = [(tab, found["now"].get(tab, 0), found["counts"].get(tab, 0)) for tab in tabs]
    head = ("tab", f"at {found['current']:g}", f"at {value:g}")
    emit(found, as_json=as_json, text=lambda: table(rows, head=head))


def _told(changed: Project) -> str:
    names = ("name", "title", "floor", "classes", "settings")
    return pairs({name: getattr(changed, name) for name in names})


@project.command()
@click.argument("name")
@click.option("--add", "added", help="E-mail address of an account that gets a role, or another one.")
@click.option("--role", type=click.Choice(["viewer", "reviewer", "maintainer"]), default="reviewer", show_default=True)
@click.option("--remove", "removed", help="E-mail address of an account whose part ends.")
@json_option
def members(name: str, added: str | None, role: str, removed: str | None, as_json: bool) -> None:
    """Who has a part in a project, after adding or removing somebody."""
    from sightloop.flows import access, projects

    with opened() as services:
        if added:
            projects.set_member(services, user=access.OPERATOR, name=name, email=added, role=role)
        found = projects.members(services, user=access.OPERATOR, name=name)
        if removed:
            gone = _member(found, email=removed, project=name)
            projects.remove_member(services, user=access.OPERATOR, name=name, user_id=gone["id"])
            found = [one for one in found if one is not gone]
    rows = [(one["email"], one["name"], one["role"]) for one in found]
    emit(found, as_json=as_json, text=lambda: table(rows, head=("e-mail", "name", "role")))


def _member(found: Sequence[dict[str, Any]], *, email: str, project: str) -> dict[str, Any]:
    for one in found:
        if one["email"] == email.casefold():
            return one
    raise Missing(f"{email} has no part in {project}.", hint=f"sightloop project members {project}")
