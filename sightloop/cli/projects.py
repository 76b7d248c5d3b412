"""`sightloop project`: create, list and show projects and their members."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, moment, pairs, table


@click.group()
def project() -> None:
    """Create, list and show projects and their members."""


@project.command()
@click.argument("name")
@click.option("--recipe", default="blank", show_default=True, help="blank, biosight, cataract or cats-dogs.")
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


@project.group(invoke_without_command=True)
@click.argument("name")
@json_option
@click.pass_context
def members(context: click.Context, name: str, as_json: bool) -> None:
    """Who has a part in a project; with `add EMAIL` or `remove EMAIL`, change it."""
    from sightloop.flows import access, projects

    context.obj = name
    if context.invoked_subcommand:
        return
    with opened() as services:
        found = projects.members(services, user=access.OPERATOR, name=name)
    rows = [(one["email"], one["name"], one["role"]) for one in found]
    emit(found, as_json=as_json, text=lambda: table(rows, head=("e-mail", "name", "role")))


@members.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(["viewer", "reviewer", "maintainer"]), default="reviewer", show_default=True)
@click.pass_obj
def add(name: str, email: str, role: str) -> None:
    """Give somebody a role in the project."""
    from sightloop.flows import access, projects

    with opened() as services:
        projects.set_member(services, user=access.OPERATOR, name=name, email=email, role=role)
    click.echo(f"{email} is {role} in {name}.")


@members.command("remove")
@click.argument("email")
@click.pass_obj
def remove(name: str, email: str) -> None:
    """End somebody's part in the project."""
    from sightloop.core.errors import Missing
    from sightloop.flows import access, projects

    with opened() as services:
        found = projects.members(services, user=access.OPERATOR, name=name)
        ids = [one["id"] for one in found if one["email"] == email.casefold()]
        if not ids:
            raise Missing(f"{email} has no part in {name}.", hint=f"sightloop project members {name}")
        projects.remove_member(services, user=access.OPERATOR, name=name, user_id=ids[0])
    click.echo(f"{email} has no part in {name} any more.")
