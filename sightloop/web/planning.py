"""A training's plan, made in a process of its own: it needs torch, which the server must never hold."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

from sightloop import wiring
from sightloop.core import errors
from sightloop.core.entities import Json, User
from sightloop.flows import training
from sightloop.flows.access import OPERATOR, project_for
from sightloop.settings import Settings
from sightloop.web.desk import Desk

TIMEOUT = 300.0  # seconds


async def plan(desk: Desk, *, user: User, project: str, family: str, params: Json) -> Json:
    """As `flows.training.plan`.

    Raises:
        Unavailable: the other process ended without an answer.
    """
    await desk.ask(project_for, user=user, name=project, action="train")
    asked = {"project": project, "family": family, "params": params, "settings": desk.settings.model_dump(mode="json")}
    answer: Json = await desk.planning.run(partial(_in_child, json.dumps(asked)))
    if "error" in answer:
        kind = getattr(errors, answer["error"], errors.Unavailable)
        raise kind(answer["message"], hint=answer["hint"])
    return answer


def _in_child(asked: str) -> Json:
    command = [sys.executable, "-m", "sightloop.web.planning"]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=TIMEOUT, check=True)
        answer: Json = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        raise errors.Unavailable("the plan could not be made.", hint="The server's log says why.") from error
    return answer


def main() -> None:
    """Answer one question from standard input on standard output."""
    asked = json.loads(sys.stdin.read())
    try:
        services = wiring.build(Settings(**asked["settings"]))
        answer = training.plan(
            services, user=OPERATOR, name=asked["project"], family=asked["family"], params=asked["params"]
        )
    except errors.SightloopError as error:
        answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()
