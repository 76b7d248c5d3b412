"""One module per task: what a label may be, and what an answer means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sightloop.core.entities import Verdict
from sightloop.tasks import classify, segment


@dataclass(frozen=True)
class TaskKit:
    """What the flows need of a task; for the signatures see `sightloop.tasks.classify`."""

    verdict: Callable[..., Verdict]
    check_label: Callable[..., None]
    words: Callable[[Sequence[str]], tuple[str, ...]]


TASKS: dict[str, TaskKit] = {
    "classify": TaskKit(classify.verdict, classify.check_label, classify.words),
    "segment": TaskKit(segment.verdict, segment.check_label, segment.words),
}
