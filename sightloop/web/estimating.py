"""Estimates of trainings, made in a process of their own: they need torch, which the server must never hold.

The process answers one question per line and is kept for two minutes, because starting it takes far longer than most
answers; answers are kept in the data folder for a week.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from sightloop import __version__
from sightloop.core import errors
from sightloop.core.entities import Json
from sightloop.flows import planning

log = logging.getLogger(__name__)

TIMEOUT = 300.0  # seconds an answer may take
IDLE = 120.0  # seconds without a question after which the process ends
FRESH = 7 * 86_400.0  # seconds for which an answer holds
KEPT = 200  # answers
PATIENT = {"OMP_WAIT_POLICY": "passive"}  # threads that wait sleep: spinning ones stall a busy server
NICE = 5


class Estimator:
    """Asks the process that knows torch, one question at a time; `folder` keeps the answers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._timer: threading.Timer | None = None

    def known(self, question: Json) -> Json | None:
        """The answer that was given to this question within the last week."""
        path = self._path(question)
        try:
            if path.stat().st_mtime < time.time() - FRESH:
                return None
            found: Json = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return found

    def ask(self, question: Json) -> Json:
        """As `flows.planning.estimate`; `question` holds its arguments as JSON values.

        Raises:
            Unavailable: the process ended without an answer.
        """
        with self._lock:
            answer = self.known(question)
            if answer is None:
                answer = self._ask(question)
                if "error" in answer:
                    kind = getattr(errors, answer["error"])
                    raise kind(answer["message"], hint=answer["hint"])
                try:
                    self._keep(question, answer)
                except OSError as error:
                    log.warning("the estimate was not kept: %s", error.strerror)
            return answer

    def close(self) -> None:
        """End the process, whatever it does."""
        child = self._child
        if child is not None:
            child.kill()
        self._rest()

    def _rest(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, question: Json) -> Json:
        if self._timer:
            self._timer.cancel()
        child = self._running()
        assert child.stdin
        assert child.stdout
        try:
            child.stdin.write(json.dumps(question).encode() + b"\n")
            child.stdin.flush()
            answer: Json = json.loads(child.stdout.readline() if _said_within(child.stdout, TIMEOUT) else b"")
        except (OSError, ValueError) as error:
            child.kill()
            self._end()
            raise errors.Unavailable("the plan could not be made.", hint="The server's log says why.") from error
        self._timer = threading.Timer(IDLE, self._rest)
        self._timer.daemon = True
        self._timer.start()
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self._end()
        if self._child is None:
            command = [sys.executable, "-m", "sightloop.web.estimating"]
            environment = {**PATIENT, **os.environ}
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
            )
        return self._child

    def _end(self) -> None:
        """Close the pipe that the process reads: it ends by itself, as it does where this process is killed."""
        child, self._child = self._child, None
        if self._timer:
            self._timer.cancel()
        if child is not None:
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    pipe.close()
            child.wait()

    def _keep(self, question: Json, answer: Json) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(question)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(answer))
        draft.replace(path)
        for old in sorted(self._folder.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)

    def _path(self, question: Json) -> Path:
        said = json.dumps([__version__, os.cpu_count(), question], sort_keys=True)
        return self._folder / f"{hashlib.sha256(said.encode()).hexdigest()}.json"


def _said_within(pipe: IO[bytes], seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def roughly(totals: Mapping[str, int]) -> dict[str, int]:
    """Counts of which only the two leading digits matter, so that a few more labels make no new question."""
    return {side: int(float(f"{count:.2g}")) for side, count in totals.items()}


def _answer(question: Json) -> Json:
    try:
        return planning.estimate(
            Path(question["weights"]), family=question["family"], params=question["params"], totals=question["totals"]
        )
    except errors.SightloopError as error:
        return {"error": type(error).__name__, "message": error.message, "hint": error.hint}


def _private_output() -> IO[Any]:
    """What was standard output; libraries that write there write to the log from now on."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return output


def main() -> None:
    """Answer questions from standard input until it is closed."""
    output = _private_output()
    os.nice(NICE)
    for line in sys.stdin:
        output.write(json.dumps(_answer(json.loads(line))) + "\n")
        output.flush()


if __name__ == "__main__":
    main()
