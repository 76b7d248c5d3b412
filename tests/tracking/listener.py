"""A real HTTP listener that remembers what it was sent and answers as it is told to."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Heard:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """Answers on `port` with `status`, or hangs, or drips bytes without end; `heard` are the requests in order."""

    port: int = 0
    status: int = 200
    location: str | None = None
    hangs: bool = False
    drips: bool = False
    heard: list[Heard] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?room=1"


class Server(ThreadingHTTPServer):
    """The server of one listener; what goes wrong in an answer is the client's to notice."""

    daemon_threads = True

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_: object) -> None:
        return


class Handler(BaseHTTPRequestHandler):
    """Notes a request and answers it."""

    server: Server

    def do_POST(self) -> None:
        listener = self.server.listener
        body = self.rfile.read(int(self.headers["Content-Length"]))
        listener.heard.append(Heard(self.path, dict(self.headers), body))
        if listener.hangs:
            listener.over.wait(30)
        elif listener.drips:
            self._drip(listener)
        else:
            self._answer(listener)

    def do_GET(self) -> None:
        self.server.listener.heard.append(Heard(self.path, dict(self.headers), b""))

    def _answer(self, listener: Listener) -> None:
        self.send_response(listener.status)
        if listener.location:
            self.send_header("Location", listener.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _drip(self, listener: Listener) -> None:
        """A byte of the status line at a time, for ever."""
        while not listener.over.wait(0.02):
            self.wfile.write(b"H")

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """A listener on a free port of this machine, behind TLS where a context is given."""
    found = Listener()
    server = Server(found)
    found.port = server.server_port
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        found.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
