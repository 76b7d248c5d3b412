"""Processes that carry out trials side by side, as their search sees them."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from sightloop.core.entities import Json

Heard = tuple["Hand", Json | None]


class Hand:
    """One process; what it says, and None at its end, goes to `said`."""

    def __init__(self, setup: Path, said: queue.SimpleQueue[Heard]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sightloop.families.trials", str(setup)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, args=(said,), daemon=True)
        self._listener.start()

    def _listen(self, said: queue.SimpleQueue[Heard]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said.put((self, json.loads(line)))
        said.put((self, None))

    def tell(self, order: Json) -> None:
        """Hand it an order; one that is gone already says so by its end."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()

    def end(self) -> int:
        """Kill it where it still lives; returns its exit code, negative for a signal."""
        self._process.kill()
        code = self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        return code


class Crew:
    """Hands that end with the block they are used in."""

    def __init__(self, setup: Path) -> None:
        self._setup = setup
        self._said: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._hands: list[Hand] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hand in list(self._hands):
            self.dismiss(hand)

    def hire(self) -> Hand:
        """Start one more process."""
        hand = Hand(self._setup, self._said)
        self._hands.append(hand)
        return hand

    def dismiss(self, hand: Hand) -> int:
        """End a process; returns its exit code, negative for a signal."""
        self._hands.remove(hand)
        return hand.end()

    def hear(self, *, timeout: float) -> Heard | None:
        """What one of them said next; None where nobody said anything for `timeout` seconds."""
        with suppress(queue.Empty):
            return self._said.get(timeout=timeout)
        return None
