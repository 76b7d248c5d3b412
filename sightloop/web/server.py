"""Run the application: listen, answer, and on a signal finish what was accepted before leaving."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from types import FrameType

import uvicorn

from sightloop import logs, wiring
from sightloop.core.errors import Rejected
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.web.app import create_app
from sightloop.web.desk import Desk

DRAIN_SECONDS = 1.0  # after SIGTERM: /readyz says no while requests are still taken, so that balancers look elsewhere
BACKLOG = 2048  # connections that the system holds until we take them
GRACE_SECONDS = 60  # how long accepted work may take to finish

Announce = Callable[[str], None]
Companion = Callable[[Services], AbstractContextManager[object]]


class Server(uvicorn.Server):
    """Uvicorn that says so before it stops."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  uvicorn's signature
        """SIGTERM drains first; SIGINT, or a second signal, stops at once; a third waits for nobody."""
        self.force_exit = self.should_exit
        self.should_exit = self._desk.draining or sig == signal.SIGINT
        self._desk.draining = True

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop now."""
        if self._desk.draining and not self.should_exit:
            await asyncio.sleep(DRAIN_SECONDS)
            self.should_exit = True
        return await super().on_tick(counter)


def serve(settings: Settings, *, beside: Companion = nullcontext, announce: Announce | None = None) -> None:
    """Serve until a signal comes.

    Args:
        beside: a context entered while serving, such as a job worker.
        announce: told the address once the server listens.
    """
    logs.configure(settings.log_level)
    services = wiring.build(settings)
    try:
        with beside(services):
            run(services, settings, announce=announce)
    finally:
        services.close()


def run(services: Services, settings: Settings, *, announce: Announce | None = None) -> None:
    """Serve these services until a signal comes; accepted requests are finished first."""
    app = create_app(services, settings)
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=64 << 10,
    )
    desk: Desk = app.state.desk
    server = Server(config, desk)
    with _listen(settings) as bound, closing(desk.estimator), desk.sampler.running():
        if announce is not None:
            announce(f"http://{settings.host}:{bound.getsockname()[1]}")
        server.run(sockets=[bound])


def _listen(settings: Settings) -> socket.socket:
    """The socket to serve on; raises Rejected where it cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise Rejected(f"cannot listen on {where}: {error.strerror}.", hint="Set SIGHTLOOP_PORT.") from error
