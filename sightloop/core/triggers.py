"""When a project learns again by itself: the decision alone, of numbers that a flow has counted."""

from __future__ import annotations

from dataclasses import dataclass

from sightloop.core.entities import JobState


@dataclass(frozen=True)
class Learnt:
    """The newest training of a project: how it stands, and how many labels that count came after it was asked for."""

    state: JobState
    new_since: int


def due(*, automatic: bool, ready: bool, wanted: int, last: Learnt | None) -> bool:
    """Whether a training is to be queued now.

    One that waits or runs is enough. One that is done, or that a person cancelled, has had its labels: as many new ones
    are wanted again, whether or not its version went live. One that failed is tried again as soon as there is another
    label, and never with the same ones.

    Args:
        automatic: whether the project's maintainers asked for it.
        ready: whether enough labels came since the live version learnt.
        wanted: how many are enough.
        last: the newest training; None where there was none.
    """
    if not automatic or not ready:
        return False
    if last is None:
        return True
    if last.state in ("queued", "running"):
        return False
    return last.new_since >= (1 if last.state == "failed" else wanted)
