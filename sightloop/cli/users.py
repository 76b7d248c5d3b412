"""`sightloop user` and `sightloop token`: accounts and API tokens."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, moment, table
from sightloop.core.errors import Missing

ROLES = ("viewer", "reviewer", "maintainer", "admin")


@click.group()
def user() -> None:
    """Add accounts, list them, set passwords."""


@user.command("add")
@click.argument("email")
@click.option("--name", default="", help="How the person is called; the address when absent.")
@click.option("--role", type=click.Choice(ROLES), default="reviewer", show_default=True)
@click.option("--password", help="Asked for when absent; better not given on the command line.")
@json_option
def add(email: str, name: str, role: str, password: str | None, as_json: bool) -> None:
    """Open an account."""
    from sightloop.flows import accounts

    secret = password or click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    with opened() as services:
        made = accounts.add_user(services, email=email, name=name or email, password=secret, role=role)
    emit(made, as_json=as_json, text=lambda: f"Added {made.email} as {made.role}.")


@user.command("password")
@click.argument("email")
@click.option("--password", help="Asked for when absent; better not given on the command line.")
@json_option
def password(email: str, password: str | None, as_json: bool) -> None:
    """Set an account's password and end its sessions."""
    from sightloop.flows import accounts

    secret = password or click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    with opened() as services:
        changed = accounts.reset_password(services, email=email, new=secret)
    emit(changed, as_json=as_json, text=lambda: f"{changed.email} has a new password; all sessions are over.")


@user.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every account."""
    from sightloop.flows import access, accounts

    with opened() as services:
        found = accounts.list_users(services, user=access.OPERATOR)
    rows = [(one.email, one.name, one.role, moment(one.created_at), moment(one.disabled_at)) for one in found]
    emit(found, as_json=as_json, text=lambda: table(rows, head=("e-mail", "name", "role", "since", "disabled")))


@click.group()
def token() -> None:
    """Create API tokens."""


@token.command("create")
@click.option("--user", "email", required=True, help="E-mail address of the account it acts for.")
@click.option("--name", default="command line", show_default=True)
@click.option("--scope", "scopes", multiple=True, default=("view", "upload"), show_default=True, help="Repeatable.")
@click.option("--days", type=float, help="How long it is good for; until revoked when absent.")
@json_option
def create(email: str, name: str, scopes: Sequence[str], days: float | None, as_json: bool) -> None:
    """Make an API token; its secret is shown this once."""
    from sightloop.flows import access, accounts

    with opened() as services:
        found = [one for one in accounts.list_users(services, user=access.OPERATOR) if one.email == email.casefold()]
        if not found:
            raise Missing(f"no account {email!r}.", hint="sightloop user list")
        secret, row = accounts.create_token(services, user=found[0], name=name, scopes=scopes, days=days)
    emit({"secret": secret, **row}, as_json=as_json, text=lambda: secret)
