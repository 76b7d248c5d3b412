"""`sightloop jobs`: list, show, cancel, try again and follow jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, moment, pairs, plain, table

if TYPE_CHECKING:
    from sightloop.core.entities import JobState

STATES = ("queued", "running", "done", "failed", "cancelled")


@click.group()
def jobs() -> None:
    """List, show, cancel, try again and follow jobs."""


@jobs.command("list")
@click.option("--project", help="Of one project only.")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Repeatable.")
@click.option("--kind", "kinds", multiple=True, help="Such as train, import or check; repeatable.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
def list_(project: str | None, states: tuple[str, ...], kinds: tuple[str, ...], limit: int, as_json: bool) -> None:
    """The newest jobs."""
    from sightloop.flows import access
    from sightloop.flows import jobs as flow

    wanted = cast("tuple[JobState, ...]", states) or None
    with opened() as services:
        found = flow.listing(
            services, user=access.OPERATOR, project=project, states=wanted, kinds=kinds or None, limit=limit
        )
    rows = [
        (one.id, one.kind, one.state, f"{one.progress:.0%}", moment(one.created_at), (one.error or one.message)[:70])
        for one in found
    ]
    head = ("job", "kind", "state", "done", "since", "message")
    emit(found, as_json=as_json, text=lambda: table(rows, head=head))


@jobs.command()
@click.argument("job_id")
@json_option
def show(job_id: str, as_json: bool) -> None:
    """One job with everything known of it."""
    from sightloop.flows import access
    from sightloop.flows import jobs as flow

    with opened() as services:
        found = flow.show(services, user=access.OPERATOR, job_id=job_id)
    emit(found, as_json=as_json, text=lambda: pairs(plain(found)))


@jobs.command()
@click.argument("job_id")
@json_option
def cancel(job_id: str, as_json: bool) -> None:
    """Ask a job to stop."""
    from sightloop.flows import access
    from sightloop.flows import jobs as flow

    with opened() as services:
        found = flow.cancel(services, user=access.OPERATOR, job_id=job_id)
    emit(found, as_json=as_json, text=lambda: f"Asked job {found.id} to stop; it is {found.state}.")


@jobs.command()
@click.argument("job_id")
@json_option
def retry(job_id: str, as_json: bool) -> None:
    """Queue a job that failed or was cancelled again, as a new one."""
    from sightloop.flows import access
    from sightloop.flows import jobs as flow

    with opened() as services:
        found = flow.retry(services, user=access.OPERATOR, job_id=job_id)
    emit(found, as_json=as_json, text=lambda: f"Queued job {found.id}, like {job_id}.")


@jobs.command()
@click.argument("job_id")
@json_option
def log(job_id: str, as_json: bool) -> None:
    """What a job wrote down."""
    from sightloop.flows import access
    from sightloop.flows import jobs as flow

    with opened() as services:
        lines = flow.log(services, user=access.OPERATOR, job_id=job_id)
    emit(lines, as_json=as_json, text=lambda: "\n".join(_line(line) for line in lines) or "Nothing yet.")


@jobs.command("follow")
@click.argument("job_id")
@json_option
def follow_(job_id: str, as_json: bool) -> None:
    """Watch a job to its end; Ctrl-C asks it to stop."""
    from sightloop.cli.follow import follow
    from sightloop.flows import access
    from sightloop.flows import jobs as flow

    with opened() as services:
        job = follow(services, flow.show(services, user=access.OPERATOR, job_id=job_id))
    emit(job, as_json=as_json, text=lambda: f"Job {job.id} is {job.state}.")


def _line(line: dict[str, Any]) -> str:
    return f"{moment(line['at'])}  {line['line']}"
