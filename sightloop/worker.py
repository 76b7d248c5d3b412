"""The worker: claims jobs, carries each in a child process, and keeps the clock.

A job is a list of steps. Finishing one stores its result and moves the cursor in one transaction, so a job that is
killed at any point goes on at the step it was in, with the checkpoints of that step in `work/<job id>`. The parent
renews the lease, passes a cancel on, and survives whatever the child does; the child ends when its parent does.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sightloop import logs, wiring
from sightloop import settings as settings_module
from sightloop.core.entities import Job
from sightloop.core.errors import Conflict
from sightloop.flows import carry, clock, jobs

if TYPE_CHECKING:
    from sightloop.flows.services import Services

SLOTS = 2  # one heavy job, and light ones beside it
TICK = 0.1
ASK_SECONDS = 0.5
GRACE = 10.0  # seconds a child has to reach a checkpoint before it is killed
LOG_TAIL = 4000
PATIENT = {"OMP_WAIT_POLICY": "passive"}  # threads that wait sleep: spinning ones stall a busy machine

log = logging.getLogger("sightloop.worker")


@dataclass(frozen=True)
class Options:
    """How this worker runs; `lease` in seconds, `job_id` limits it to one job."""

    data: Path
    lease: float = jobs.LEASE
    once: bool = False
    job_id: str | None = None


@dataclass
class Child:
    """A job in its own process; `stop_at` is when it is killed if it has not stopped by itself."""

    job: Job
    process: subprocess.Popen[bytes]
    output: Path
    beat_at: float
    stop_at: float | None = None


class Worker:
    """Claims jobs and tends the children that carry them."""

    def __init__(self, services: Services, options: Options) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.stopping = threading.Event()
        self._services = services
        self._options = options
        self._children: list[Child] = []
        self._seen_at = self._asked_at = float("-inf")

    def run(self) -> None:
        """Work until `stopping` is set, or, with `once`, until there is nothing left to do."""
        while True:
            try:
                idle = self._turn()
            except Exception:
                log.exception("a turn of the worker failed")
                idle = False
            if not self._children and (self.stopping.is_set() or (idle and self._options.once)):
                return
            time.sleep(TICK)

    def _turn(self) -> bool:
        """One look at everything; returns whether there was nothing to start."""
        for child in list(self._children):
            self._tend(child)
        if self.stopping.is_set():
            return True
        if not self._options.once:
            self._say_alive()
        if len(self._children) == SLOTS or time.monotonic() - self._asked_at < ASK_SECONDS:
            return False
        self._asked_at = time.monotonic()
        job = jobs.claim(self._services, worker=self.name, lease=self._options.lease, job_id=self._options.job_id)
        if job:
            self._children.append(self._start(job))
        return job is None and self._nothing_left()

    def _say_alive(self) -> None:
        if time.monotonic() - self._seen_at > jobs.ALIVE / 4:
            jobs.seen(self._services, self.name)
            self._seen_at = time.monotonic()

    def _nothing_left(self) -> bool:
        return self._options.job_id is None or jobs.over(self._services, self._options.job_id)

    def _start(self, job: Job) -> Child:
        output = self._options.data / "work" / f"{job.id}.log"
        output.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "sightloop.worker", "--data", str(self._options.data)]
        command += ["--lease", str(self._options.lease), "--child", job.id, "--fence", str(job.fence)]
        with output.open("wb") as file:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**PATIENT, **os.environ},
            )
        log.info("job %s (%s) started, try %d", job.id, job.kind, job.tries)
        return Child(job=job, process=process, output=output, beat_at=time.monotonic())

    def _tend(self, child: Child) -> None:
        if child.process.poll() is not None:
            self._children.remove(child)
            self._collect(child)
            return
        now = time.monotonic()
        stop = self.stopping.is_set()
        if now - child.beat_at > min(self._options.lease / 4, 2.0):
            child.beat_at = now
            stop = self._beat(child) or stop
        if stop and child.stop_at is None:
            child.process.terminate()
            child.stop_at = now + GRACE
        if child.stop_at is not None and now > child.stop_at:
            _kill(child)

    def _beat(self, child: Child) -> bool:
        """Renew the lease; returns whether the child should stop, as it must where its job is no longer its own."""
        try:
            return jobs.beat(self._services, child.job, lease=self._options.lease)
        except Conflict:
            return True

    def _collect(self, child: Child) -> None:
        """Record the end of a child that could not do so itself, and clear up after a job that is over."""
        code = child.process.returncode
        _kill(child)
        with suppress(Conflict):
            job = jobs.held(self._services, job_id=child.job.id, fence=child.job.fence)
            died = f"its process was killed by signal {-code}." if code < 0 else f"its process ended with code {code}."
            if said := _tail(child.output):
                jobs.note(self._services, job, line=said)
            if self.stopping.is_set() and not job.cancel_requested:
                jobs.release(self._services, job)
            else:
                jobs.fail(self._services, job, error=died, retry=True)
        jobs.clear_up(self._services, child.job.id)
        child.output.unlink(missing_ok=True)


def _kill(child: Child) -> None:
    """Kill what is left of the child's process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)
    if child.process.stdin:
        child.process.stdin.close()


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-LOG_TAIL:].strip() if path.exists() else ""


def watch_parent(ended: Callable[[], None]) -> None:
    """Call `ended` when the process at the other end of stdin is gone, however it went."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        ended()

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()


def child(services: Services, *, job_id: str, fence: int, lease: float) -> None:
    """Carry one job in this process; it ends at once when the worker that started it is gone."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    watch_parent(lambda: os.killpg(0, signal.SIGKILL))
    os.nice(5)
    job = jobs.held(services, job_id=job_id, fence=fence)
    report = carry.Reporter(services, job, lease=lease, stopping=stopping.is_set)
    try:
        carry.carry(services, job, report=report)
    except Exception as error:
        log.exception("job %s failed", job.id)
        with suppress(Conflict):
            jobs.note(services, report.job, line=traceback.format_exc()[-LOG_TAIL:])
            retry = isinstance(error, (OSError, MemoryError))
            jobs.fail(services, report.job, error=f"{type(error).__name__}: {error}", retry=retry)


def keep_clock(services: Services, stopping: threading.Event) -> None:
    """Do what is due by time until `stopping` is set: each duty alone, so that one that fails holds up no other."""
    due = dict.fromkeys(clock.DUTIES, 0.0)
    while not stopping.is_set():
        for name, duty in clock.DUTIES.items():
            if time.monotonic() < due[name]:
                continue
            due[name] = time.monotonic() + duty.seconds
            try:
                duty.run(services)
            except Exception:
                log.exception("%s failed; tried again in %.0f s", name, duty.seconds)
        stopping.wait(1.0)


def work(services: Services, options: Options, *, attached: bool) -> None:
    """Run a worker in this process until it is asked to stop (SIGTERM, SIGINT, or the end of its parent)."""
    worker = Worker(services, options)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stopping.set())
    if attached:
        watch_parent(worker.stopping.set)
    keeper = threading.Thread(target=keep_clock, args=(services, worker.stopping), name="clock")
    if not options.once:
        keeper.start()
    worker.run()
    worker.stopping.set()
    if not options.once:
        keeper.join()


def arguments() -> argparse.Namespace:
    """The command line of this module; `--child` and `--fence` are for itself."""
    parser = argparse.ArgumentParser(prog="python -m sightloop.worker", description="Carry jobs.")
    parser.add_argument("--data", type=Path, help="the data folder; SIGHTLOOP_DATA when absent")
    parser.add_argument("--once", action="store_true", help="stop when there is nothing left to do")
    parser.add_argument("--job", help="carry this job only")
    parser.add_argument("--lease", type=float, default=jobs.LEASE, help="seconds a job is held without a sign of life")
    parser.add_argument("--attached", action="store_true", help="stop when the process at the end of stdin is gone")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--fence", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Build the services, and carry one job (as a child) or tend many."""
    given = arguments()
    settings = settings_module.load(**({"data": given.data} if given.data else {}))
    logs.configure(settings.log_level)
    services = wiring.build(settings)
    try:
        if given.child:
            child(services, job_id=given.child, fence=given.fence, lease=given.lease)
        else:
            options = Options(data=settings.data, lease=given.lease, once=given.once, job_id=given.job)
            work(services, options, attached=given.attached)
    finally:
        services.close()


if __name__ == "__main__":
    main()
