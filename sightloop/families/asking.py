"""What both members of a cascade say of pictures, and what each costs, without torch."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightloop.bundles.cascade import answer_again, columns, shared_head
from sightloop.bundles.classifier import Classifier, softmax
from sightloop.core.arrays import Pixels, Scores
from sightloop.core.entities import Example, Json, Progress
from sightloop.core.errors import BadImage
from sightloop.core.ports import Report
from sightloop.vision.decode import decode

CHUNK = 32
TIMED = 24  # pictures


@dataclass(frozen=True)
class Pair:
    """The two members, loaded, with the classes that both know in one order."""

    fast: Classifier
    accurate: Classifier
    classes: tuple[str, ...]

    @property
    def side(self) -> int:
        """Pixels that a decoder must keep: each picture is decoded once for both."""
        return max(self.fast.input_size, self.accurate.input_size)


@dataclass(frozen=True)
class Said:
    """Of n pictures: the fast member's logits before any temperature, and the accurate one's probabilities, (n, c)."""

    logits: NDArray[np.float32]
    accurate: Scores

    def fast(self, temperature: float) -> Scores:
        """The fast member's probabilities, (n, c)."""
        return softmax(self.logits / temperature) if len(self.logits) else self.accurate


def ask(pair: Pair, examples: Sequence[Example], *, report: Report, what: str) -> Said:
    """Let both members answer every picture, one per core at a time. Raises BadImage, naming the picture."""
    first, second = (columns(one.classes, pair.classes) for one in (pair.fast, pair.accurate))

    def run(example: Example) -> tuple[NDArray[np.float32], Scores]:
        pixels = [load(example, pair.side)]
        logits, embeddings = pair.fast.raw(pixels)
        again = answer_again(pair.fast, pair.accurate, pixels, embeddings)
        return logits[0, first], again.probabilities[0, second]

    shape = (len(examples), len(pair.classes))
    said = Said(np.zeros(shape, np.float32), np.zeros(shape, np.float64))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for start in range(0, len(examples), CHUNK):
            chunk = examples[start : start + CHUNK]
            for row, (logits, probabilities) in enumerate(pool.map(run, chunk), start):
                said.logits[row], said.accurate[row] = logits, probabilities
            done = start + len(chunk)
            report(Progress(done, len(examples), f"{what}: {done} of {len(examples)} pictures"))
    return said


def targets(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Class indices, (n,)."""
    return np.fromiter((example.target for example in examples), np.int64, len(examples))


def load(example: Example, side: int) -> Pixels:
    """The decoded picture, at least `side` pixels where it has them. Raises BadImage, naming it."""
    try:
        return decode(Path(example.path).read_bytes(), shrink_to=side)
    except (OSError, BadImage) as error:
        raise BadImage(f"picture {example.image_id} cannot be read: {error}.") from error


def cost(pair: Pair, examples: Sequence[Example], *, share_fast: float, audit: float) -> Json:
    """Milliseconds of processor time per decoded picture, each the median over at least twenty pictures.

    Args:
        examples: any pictures; at least one.
        share_fast: share (0..1) of pictures that the fast member answers.
        audit: share of those that the accurate one looks at all the same.

    Returns:
        fast_ms, accurate_ms (by itself), extra_ms (of the accurate member after the fast one: less where they share
        an encoder), cascade_ms = fast_ms + asked * extra_ms, saved_share (0..1 of the accurate member's cost; negative
        where too much is deferred), shared_encoder.
    """
    pictures = [load(example, pair.side) for example in examples[:TIMED]]
    embeddings = pair.fast.raw(pictures[:1])[1]
    fast = _milliseconds(lambda one: pair.fast.predict([one]), pictures)
    accurate = _milliseconds(lambda one: pair.accurate.predict([one]), pictures)
    extra = _milliseconds(lambda one: answer_again(pair.fast, pair.accurate, [one], embeddings), pictures)
    cascade = fast + (1 - share_fast + audit * share_fast) * extra
    return {
        "fast_ms": fast,
        "accurate_ms": accurate,
        "extra_ms": extra,
        "cascade_ms": cascade,
        "saved_share": 1 - cascade / accurate,
        "shared_encoder": shared_head(pair.fast, pair.accurate) is not None,
    }


def _milliseconds(work: Callable[[Pixels], object], pictures: Sequence[Pixels]) -> float:
    """The median over the pictures, repeated where they are few; the first run is not counted."""
    work(pictures[0])
    found = []
    for one in islice(cycle(pictures), TIMED):
        began = time.thread_time()
        work(one)
        found.append(1000 * (time.thread_time() - began))
    return statistics.median(found)
