"""The embedded runtime: one bounded queue and one run-to-completion thread per core."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from sightloop import telemetry
from sightloop.core.arrays import Pixels
from sightloop.core.entities import Answer, Facts
from sightloop.core.errors import BadImage, Overloaded
from sightloop.core.ports import Outputs
from sightloop.runtime.models import Loaded, Models, Source
from sightloop.vision import masks
from sightloop.vision.decode import decode
from sightloop.vision.examine import examine

log = logging.getLogger(__name__)

MAX_BATCH = 8


@dataclass(frozen=True)
class Waiting:
    """One picture in the queue; times are `time.monotonic()` seconds."""

    data: bytes
    project_id: str
    version_id: str | None
    facts: bool
    since: float
    deadline: float
    future: Future[Answer] = field(default_factory=Future)

    @property
    def model(self) -> tuple[str, str | None]:
        """What must be equal for two pictures to share a batch."""
        return self.project_id, self.version_id


@dataclass(frozen=True)
class Decoded:
    """A picture that is ready for the model; `seconds` is what decoding took."""

    waiting: Waiting
    pixels: Pixels
    facts: Facts | None
    seconds: float


class InProcess:
    """Runs predictors in this process's threads; see `core.ports.Runtime`."""

    def __init__(self, source: Source, *, workers: int, bound: int = 256) -> None:
        self.models = Models(source)
        self.workers = workers
        self.bound = bound
        self._queue: deque[Waiting] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def submit(
        self, data: bytes, *, project_id: str, facts: bool, version_id: str | None = None, timeout: float = 30.0
    ) -> Future[Answer]:
        """See `core.ports.Runtime.submit`."""
        now = time.monotonic()
        waiting = Waiting(data, project_id, version_id, facts, now, now + timeout)
        with self._changed:
            if self._closed or len(self._queue) >= self.bound:
                raise Overloaded(f"{len(self._queue)} pictures are waiting already.", hint="Try again in a second.")
            self._start()
            self._queue.append(waiting)
            self._changed.notify()
        return waiting.future

    def queue_depth(self) -> int:
        """How many pictures wait."""
        return len(self._queue)

    def refresh(self) -> None:
        """Follow promotions now instead of within a second."""
        self.models.refresh()

    def close(self) -> None:
        """Finish what was accepted, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        if self._threads:
            self.models.stop()

    def _start(self) -> None:
        if self._threads:
            return
        self.models.start()
        for index in range(self.workers):
            thread = threading.Thread(target=self._work, args=(index,), name=f"inference-{index}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self, index: int) -> None:
        while batch := self._take():
            try:
                self._run(batch, worker=index)
            except Exception as error:
                log.exception("a batch of %d pictures failed", len(batch))
                for waiting in batch:
                    if not waiting.future.done():
                        waiting.future.set_exception(error)

    def _take(self) -> list[Waiting]:
        """The next pictures for one model, as many as this worker's fair share; empty at the end."""
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            share = min(MAX_BATCH, math.ceil(len(self._queue) / self.workers))
            batch: list[Waiting] = []
            while self._queue and len(batch) < share and self._queue[0].model == (batch or self._queue)[0].model:
                batch.append(self._queue.popleft())
            telemetry.set_queue(len(self._queue))
            return batch

    def _run(self, batch: list[Waiting], *, worker: int) -> None:
        ready = [waiting for waiting in batch if _begin(waiting)]
        if not ready:
            return
        model = self.models.get(ready[0].project_id, ready[0].version_id)
        decoded = [one for one in (_decode(waiting, model) for waiting in ready) if one]
        began = time.monotonic()
        outputs = model.predictor.predict([one.pixels for one in decoded]) if model and decoded else None
        share = (time.monotonic() - began) / max(1, len(decoded))
        for row, one in enumerate(decoded):
            telemetry.observe_inference("infer", share)
            one.waiting.future.set_result(_answer(one, row, model, outputs, seconds=one.seconds + share, worker=worker))


def _begin(waiting: Waiting) -> bool:
    now = time.monotonic()
    telemetry.observe_inference("queue", now - waiting.since)
    if not waiting.future.set_running_or_notify_cancel():
        return False
    if now > waiting.deadline:
        waiting.future.set_exception(Overloaded("the picture waited too long for a free core.", hint="Try again."))
        return False
    return True


def _decode(waiting: Waiting, model: Loaded | None) -> Decoded | None:
    began = time.monotonic()
    shrink_to = model.predictor.input_size if model else None
    facts: Facts | None = None
    try:
        if waiting.facts:
            pixels, facts = examine(waiting.data, shrink_to=shrink_to)
        else:
            pixels = decode(waiting.data, shrink_to=shrink_to)
    except BadImage as error:
        waiting.future.set_exception(error)
        return None
    seconds = time.monotonic() - began
    telemetry.observe_inference("decode", seconds)
    return Decoded(waiting, pixels, facts, seconds)


def _answer(
    one: Decoded, row: int, model: Loaded | None, outputs: Outputs | None, *, seconds: float, worker: int
) -> Answer:
    if model is None or outputs is None:
        return Answer(None, None, (), (), None, None, "none", seconds, worker, one.facts)
    found = outputs.maps[row] if outputs.maps else None
    audit = outputs.audits[row] if outputs.audits else None
    if audit is not None:
        telemetry.count_audit(agrees=audit == model.predictor.classes[int(outputs.probabilities[row].argmax())])
    return Answer(
        version_id=model.version_id,
        version=model.number,
        classes=model.predictor.classes,
        probabilities=tuple(outputs.probabilities[row].tolist()),
        embedding=outputs.embeddings[row],
        off_domain=outputs.off_domain[row],
        route=outputs.routes[row] if outputs.routes else "single",
        seconds=seconds,
        worker=worker,
        facts=one.facts,
        map=None if found is None else masks.pack_map(found),
        levels=None if found is None else masks.levels(found),
        audit=audit,
    )
