"""What every command opens: the settings in force and the services built from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sightloop.core.errors import Rejected

if TYPE_CHECKING:
    from sightloop.flows.services import Services
    from sightloop.settings import Settings


def chosen_data() -> Path | None:
    """The folder given as `sightloop --data`, or None where the settings decide."""
    context = click.get_current_context(silent=True)
    data = context.find_root().obj if context else None
    return data if isinstance(data, Path) else None


def settings_in_force(**overrides: object) -> Settings:
    """The settings, with what the command line overrides; a setting that does not fit is a usage error."""
    from sightloop import settings

    data = chosen_data()
    values = {name: value for name, value in overrides.items() if value is not None}
    try:
        return settings.load(**values, **({"data": data} if data else {}))
    except Rejected as error:
        raise click.UsageError(f"{error.message} {error.hint}".strip()) from error


@contextmanager
def opened() -> Iterator[Services]:
    """Services for one command, closed afterwards."""
    settings = settings_in_force()
    from sightloop import wiring

    services = wiring.build(settings)
    try:
        yield services
    finally:
        services.close()
