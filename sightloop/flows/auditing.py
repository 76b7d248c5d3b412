"""How often a version is right on pictures drawn at random that people then labelled: an honest figure."""

from __future__ import annotations

import numpy as np

from sightloop import telemetry
from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.flows import members, taught
from sightloop.flows.services import Services
from sightloop.measure import agreement
from sightloop.store import labelled, outcomes, projects, wanted
from sightloop.store.labelled import Labelled

LEAST = 30  # audited pictures from which on the gauge tells of them alone


def audit(services: Services, project: Project, version: ModelVersion | None, known: taught.Taught) -> Json:
    """The version against people on the answered pictures that were asked for at random, whoever looks at the others.

    People correct what is wrong and pass over what is right: an accuracy on what they happened to label is off, this
    one is not. Pictures that taught the version are left out, as are those that people called `unknown`.

    Args:
        known: what taught the version.

    Returns:
        {n, asked, accuracy {value, low, high} or None, since (when the oldest counted one was asked for, or None),
        reason (why n is 0, else None)}; the interval is the bootstrap's over groups, or Wilson's (see `agreement`).
    """
    with services.db.connect() as db:
        asked = wanted.counts(db, project.id)["random"]["asked"]
        at = {one.image_id: one.at for one in wanted.answered(db, project.id, kind="random")}
        pictures = labelled.drawn(db, project.id) if version else []
        ids = [one.id for one in pictures]
        said = outcomes.said(db, ids, version_ids=[version.id]).get(version.id, {}) if version else {}
        sure = outcomes.confidences(db, ids, version_id=version.id) if version else {}
    kept = [one for one in pictures if one.id in said and one.id in at and not known.met(one)]
    right = [project.word(said[one.id], sure[one.id]) == one.label for one in kept]
    return {
        "n": len(kept),
        "asked": asked,
        "accuracy": agreement.share(np.array(right, np.float64), [one.group for one in kept]),
        "since": min((at[one.id] for one in kept), default=None),
        "reason": None if kept else _reason(asked, len(at), version),
    }


def tell(services: Services) -> None:
    """Set the gauges of live accuracy in this process: of the audit where it has 30 pictures, else of all verified."""
    with services.db.connect() as db:
        found = [(one, members.live(db, one)) for one in projects.all(db)]
    figures: dict[str, Json] = {}
    for project, version in found:
        if version is None:
            continue
        known = taught.by(services, version)
        audited = audit(services, project, version, known)
        figure = audited["accuracy"] if audited["n"] >= LEAST else _verified(services, project, version, known)
        if figure is not None:
            figures[project.name] = figure
    telemetry.set_live_accuracy(figures)


def _verified(services: Services, project: Project, version: ModelVersion, known: taught.Taught) -> Json | None:
    with services.db.connect() as db:
        pictures = [one for one in labelled.answered_by(db, project.id, version.id) if not known.met(one)]
    return agreement.share(
        np.array([_right(project, one) for one in pictures], np.float64), [one.group for one in pictures]
    )


def _right(project: Project, one: Labelled) -> bool:
    return project.word(one.predicted or "", one.confidence or 0.0) == one.label


def _reason(asked: int, answered: int, version: ModelVersion | None) -> str:
    if version is None:
        return "There is no live model yet."
    if not asked:
        return "No picture drawn at random was asked for yet."
    if not answered:
        return f"None of the {asked} pictures drawn at random is labelled yet."
    return f"None of the {answered} labelled ones has an answer of version {version.number} that it did not learn from."
