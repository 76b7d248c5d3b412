"""The rules by which a project learns again, counted: what people said of what came in since the live version."""

from __future__ import annotations

import numpy as np

from sightloop.core import triggers
from sightloop.core.entities import NOTHING, Json, ModelVersion, Project
from sightloop.core.triggers import Rule
from sightloop.flows import teaching
from sightloop.flows.members import known
from sightloop.flows.snapshot import MIN_CLASSES
from sightloop.measure import agreement
from sightloop.store import labelled, policy
from sightloop.store.database import Connection

WORDS = {"covariate": "changed", "strangers": "strange"}


def rules(db: Connection, project: Project, live: ModelVersion, *, told: Json) -> list[Rule]:
    """Every rule with its numbers, in order of precedence.

    Args:
        told: what `teaching.teaching` says of the project.
    """
    return [
        _performance(db, project, live),
        _covariate(db, project, live, wanted=told["wanted"]),
        *_corrections(db, project, live, wanted=told["wanted"]),
        _labels(project, live, told=told),
    ]


def unteachable(project: Project, told: Json) -> triggers.Hold | None:
    """What a snapshot taken now would be refused for."""
    drawn = project.task == "segment"
    needed, what = (1, "class") if drawn else (MIN_CLASSES, "classes")
    found = sum(1 for row in told["per_class"] if row["train"] and row["name"] != NOTHING)
    if found >= needed:
        return None
    said = f"{needed} {what} of {project.name!r} must have training pictures with a label, and {found} have any."
    return triggers.Hold("nothing", said)


def _performance(db: Connection, project: Project, live: ModelVersion) -> Rule:
    """Of masks: the mean Dice of a picture."""
    drawn = project.task == "segment"
    pictures = labelled.sampled(db, project.id, version_id=live.id, since=live.created_at)
    values = [one.agreement if drawn else float(one.predicted == one.label) for one in pictures]
    there = [(value, one.group) for value, one in zip(values, pictures, strict=True) if value is not None]
    test = known((live.metrics.get("test") or {}).get("dice_per_picture" if drawn else "accuracy"))
    found = agreement.share(np.array([value for value, _ in there], np.float64), [group for _, group in there])
    return triggers.performance(found, test, n=len(there), number=live.number)


def _covariate(db: Connection, project: Project, live: ModelVersion, *, wanted: int) -> Rule:
    """An alarm alone is no reason: labels of what it was about are."""
    found = policy.alarm(db, project.id, version_id=live.id)
    if found is None:
        none = f"No alarm says that the pictures have changed for version {live.number}, so that no label counts yet."
        return triggers.enough("covariate", 0, wanted=wanted, what="", since="", forbidden=none)
    what = "verified labels of the pictures that were told to be " + WORDS[found.kind]
    n = policy.labelled_in(db, project.id, found)
    return triggers.enough("covariate", n, wanted=wanted, what=what, since="came since the alarm's window began")


def _corrections(db: Connection, project: Project, live: ModelVersion, *, wanted: int) -> list[Rule]:
    """In all and in the class with the most; of masks as many in a class as the project wants labels."""
    drawn = project.task == "segment"
    counts = policy.corrected(db, project.id, since=teaching.learnt_at(db, live), drawn=drawn)
    since, what = f"since version {live.number} learnt", "corrected masks" if drawn else "corrections"
    name, most = max(counts.items(), key=lambda row: (row[1], row[0]), default=("", 0))
    of_class = f"{what} of {name!r}" if most else f"{what} of one class"
    limit = wanted if drawn else triggers.OF_CLASS
    return [
        triggers.enough("corrections", sum(counts.values()), wanted=triggers.CORRECTIONS, what=what, since=since),
        triggers.enough("class", most, wanted=limit, what=of_class, since=since),
    ]


def _labels(project: Project, live: ModelVersion, *, told: Json) -> Rule:
    """Enough for the button; where masks are drawn it starts by itself, too, for every one of them corrects."""
    drawn = project.task == "segment"
    found = teaching.counted(project, told["new_since_live"], told["corrected_since_live"])
    what, since = "corrected masks" if drawn else "new labels", f"since version {live.number} learnt"
    return triggers.enough("labels", found, wanted=told["wanted"], what=what, since=since, starts=drawn)
