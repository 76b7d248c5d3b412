"""`sightloop serve` and `sightloop worker`: the two doors that stay open."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from importlib import import_module
from typing import TYPE_CHECKING

import click

from sightloop.cli.opening import chosen_data, settings_in_force

if TYPE_CHECKING:
    from sightloop.settings import Settings


@click.command()
@click.option("--host", help="SIGHTLOOP_HOST or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="SIGHTLOOP_PORT or 8000.")
@click.option("--worker/--no-worker", "with_worker", default=None, help="Run a job worker beside the server.")
def serve(host: str | None, port: int | None, with_worker: bool | None) -> None:
    """Run the server, and a worker beside it in a process of its own."""
    run_server(settings_in_force(host=host, port=port, embedded_worker=with_worker))


def run_server(settings: Settings) -> None:
    """Serve until stopped; the worker beside it is started again where it dies, and ends with the server."""
    from sightloop.cli import workers

    web = import_module("sightloop.web.server")  # by name: doors know of each other only that they exist
    beside = workers.embedded(data=settings.data) if settings.embedded_worker else nullcontext()
    with suppress(KeyboardInterrupt):
        web.serve(settings, beside=lambda _: beside, announce=_announce)


def _announce(address: str) -> None:
    click.echo(f"Listening on {address}; Ctrl-C stops.", err=True)


@click.command()
@click.option("--once", is_flag=True, help="Stop when there is nothing left to do.")
@click.option("--job", help="Carry this job only.")
def worker(once: bool, job: str | None) -> None:
    """Run a job worker until it is stopped."""
    from sightloop.cli import workers

    data = chosen_data()
    flags = [*(["--data", str(data)] if data else []), *(["--once"] if once else []), *(["--job", job] if job else [])]
    workers.become("sightloop.worker", *flags)
