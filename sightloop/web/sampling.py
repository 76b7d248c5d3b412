"""What this server process does, sampled from its own metrics every few seconds and kept for an hour in memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sightloop import telemetry
from sightloop.telemetry import Reading

EVERY = 5.0  # seconds between two samples
KEPT = 720  # samples: one hour
LOAD = ("requests_per_second", "errors_per_second", "p50", "p99", "predictions_per_second")
GAUGES = ("queue", "memory", "models_loaded")

Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Point:
    """The figures of one window that ended `at` (seconds since 1970)."""

    at: float
    figures: Figures


class Sampler:
    """Compares readings of the metrics; times inside are `time.monotonic()` seconds."""

    def __init__(self) -> None:
        self.started_at = time.time()
        self._points: deque[Point] = deque(maxlen=KEPT)
        self._last = (time.monotonic(), telemetry.reading())
        self._lock = threading.Lock()

    def sample(self) -> None:
        """End the window that began with the sample before, and begin the next."""
        now, reading = time.monotonic(), telemetry.reading()
        with self._lock:
            before, earlier = self._last
            self._last = (now, reading)
            self._points.append(Point(time.time(), figures(earlier, reading, seconds=max(now - before, 1e-3))))

    def points(self) -> list[Point]:
        """The windows of the last hour, oldest first."""
        with self._lock:
            return list(self._points)

    def now(self) -> Figures:
        """The figures of this moment: rates of the last window, times of the last one in which requests were answered.

        What no window has measured yet is None.
        """
        points = self.points()
        found: dict[str, float | None] = dict(points[-1].figures) if points else dict.fromkeys(LOAD)
        for name in ("p50", "p99"):
            known = (point.figures[name] for point in reversed(points))
            found[name] = next((value for value in known if value is not None), None)
        return {**found, **gauges(telemetry.reading())}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sample in the background until the block ends."""
        stop = threading.Event()
        thread = threading.Thread(target=self._keep_on, args=(stop,), name="sampling", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _keep_on(self, stop: threading.Event) -> None:
        while not stop.wait(EVERY):
            self.sample()


def figures(before: Reading, after: Reading, *, seconds: float) -> Figures:
    """What happened between two readings: rates per second, and the seconds that requests took."""
    took = [later - earlier for earlier, later in zip(before.within, after.within, strict=True)]
    return {
        "requests_per_second": (after.requests - before.requests) / seconds,
        "errors_per_second": (after.errors - before.errors) / seconds,
        "p50": quantile(0.5, took),
        "p99": quantile(0.99, took),
        "predictions_per_second": (after.predictions - before.predictions) / seconds,
        **gauges(after),
    }


def gauges(reading: Reading) -> Figures:
    """The figures that hold for a moment and not for a window."""
    return dict(zip(GAUGES, (reading.queue, reading.memory, reading.models), strict=True))


def quantile(share: float, counts: Sequence[float]) -> float | None:
    """The seconds within which a share of the requests were answered, even inside a bucket, as Prometheus has it.

    Args:
        share: 0..1.
        counts: requests that took at most each of `telemetry.SECONDS`, and last all of them; None where that is 0.
            Above the highest bound nothing is known: such a quantile is that bound.
    """
    if counts[-1] <= 0:
        return None
    wanted, low, below = share * counts[-1], 0.0, 0.0
    for high, count in zip(telemetry.SECONDS, counts, strict=False):
        if count >= wanted and count > below:
            return low + (high - low) * (wanted - below) / (count - below)
        low, below = float(high), count
    return float(telemetry.SECONDS[-1])
