"""A cheap load generator: many keep-alive connections of raw HTTP in one event loop."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Lost = (ConnectionError, asyncio.IncompleteReadError, OSError)


@dataclass
class Tally:
    """What a run of requests came to; `seconds` per answered request."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    wall: float = 0.0

    def row(self) -> dict[str, Any]:
        """The figures of a table row."""
        middle, tail = (np.percentile(self.seconds, [50, 99]) * 1000).tolist() if self.seconds else (0.0, 0.0)
        failed = self.lost + sum(count for status, count in self.statuses.items() if status >= 300)
        return {
            "requests": self.lost + self.statuses.total(),
            "failed": failed,
            "per_second": self.statuses.total() / self.wall,
            "p50_ms": middle,
            "p99_ms": tail,
        }


@dataclass(frozen=True)
class Request:
    """One request as bytes on the wire; `note` comes back with its answer."""

    wire: bytes
    note: Any = None


def post_file(path: str, data: bytes, *, token: str, name: str = "photo.jpg", note: Any = None) -> Request:
    """A multipart POST of one file in the field "image"."""
    boundary = b"sightloop-benchmark"
    head = b'--%s\r\nContent-Disposition: form-data; name="image"; filename="%s"\r\n' % (boundary, name.encode())
    body = head + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n--%s--\r\n" % boundary
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {token}",
        f"Content-Type: multipart/form-data; boundary={boundary.decode()}",
        f"Content-Length: {len(body)}",
    ]
    return Request("\r\n".join(lines).encode() + b"\r\n\r\n" + body, note)


async def flood(
    port: int,
    requests: Sequence[Request],
    *,
    connections: int,
    answered: Callable[[Request, int, Any], None] | None = None,
) -> Tally:
    """Send every request once over `connections` keep-alive connections, each waiting for its answer (closed loop)."""
    tally, waiting = Tally(), iter(requests)
    began = time.monotonic()
    await asyncio.gather(*(_connection(port, waiting, tally, answered) for _ in range(connections)))
    tally.wall = time.monotonic() - began
    return tally


async def _connection(
    port: int, waiting: Iterator[Request], tally: Tally, answered: Callable[[Request, int, Any], None] | None
) -> None:
    reader: asyncio.StreamReader | None = None
    for request in waiting:
        began = time.monotonic()
        try:
            if reader is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request.wire)
            status, body = await _answer(reader)
        except Lost:
            tally.lost += 1
            reader = None
            continue
        tally.seconds.append(time.monotonic() - began)
        tally.statuses[status] += 1
        if answered:
            answered(request, status, json.loads(body))
    if reader is not None:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    return status, await reader.readexactly(length)
