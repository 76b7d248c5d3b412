"""`sightloop demo`: generated pictures, two projects, models that train while you watch; nothing is downloaded."""

from __future__ import annotations

from typing import Any

import click

from sightloop.cli.opening import opened, settings_in_force
from sightloop.cli.output import emit, figure, json_option


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="SIGHTLOOP_PORT or 8000.")
@click.option("--serve/--no-serve", "with_server", default=True, help="Without, wait for the models and leave.")
@click.option("--scale", type=click.FloatRange(0.01, 10), default=1.0, show_default=True, help="Times the pictures.")
@json_option
def demo(port: int | None, with_server: bool, scale: float, as_json: bool) -> None:
    """The whole loop on generated pictures: draw, import, train, evaluate, promote, serve."""
    from sightloop.cli.serve import run_server
    from sightloop.flows import demo as flow

    settings = settings_in_force(port=port, embedded_worker=True)
    with opened() as services:
        found = flow.prepare(services, scale=scale)
        if not with_server:
            done = _wait(services, found["jobs"])
            emit({**found, "done": done}, as_json=as_json, text=lambda: "\n".join(map(_sentence, done)))
            return
    emit(found, as_json=as_json, text=lambda: _welcome(found, host=settings.host, port=settings.port))
    run_server(settings)


def _wait(services: Any, ids: list[str]) -> list[dict[str, Any]]:
    from sightloop.cli.follow import follow
    from sightloop.flows import access, jobs

    done = [follow(services, jobs.show(services, user=access.OPERATOR, job_id=job_id)) for job_id in ids]
    return [
        {"id": job.id, "kind": job.params["kind"], "state": job.state, "evaluation": job.context.get("evaluation")}
        for job in done
    ]


def _sentence(done: dict[str, Any]) -> str:
    """How good one sample project's model is, in words."""
    if not done["evaluation"]:
        return f"{done['kind']}: {done['state']}"
    found = done["evaluation"]
    if "dice" in found:
        return f"{done['kind']}: Dice {figure(found['dice'])} on {found['n']} held-out pictures"
    return f"{done['kind']}: {figure(found['accuracy'])} of {found['n']} held-out pictures right"


def _welcome(found: dict[str, Any], *, host: str, port: int) -> str:
    lines = [f"Open http://{host}:{port}"]
    if found["admin"]:
        lines.append(f"Sign in as {found['admin']['email']} with the password {found['admin']['password']}")
    if found["jobs"]:
        lines.append(f"{len(found['jobs'])} projects are being filled and trained; see `sightloop jobs list`.")
    return "\n".join([*lines, "Ctrl-C stops it; `sightloop serve` starts it again."])
