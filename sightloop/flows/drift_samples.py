"""Pictures with answers as rows of numbers that the tests of drift compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Embedding
from sightloop.core.entities import Answer, Json, ModelVersion, Progress, Project
from sightloop.core.errors import BadImage, Missing, Overloaded
from sightloop.core.ports import Report
from sightloop.flows import verdicts
from sightloop.flows.services import Services
from sightloop.measure.drift import Names, Sample
from sightloop.store import embeddings
from sightloop.store.database import Connection
from sightloop.store.drift import Arrival

STATISTICS = (
    "blur", "brightness", "contrast", "dark_share", "light_share", "entropy", "saturation", "noise", "aspect",
    "megapixels",
)  # fmt: skip
OF_MASKS = ("area_share", "certainty", "confidence")
BATCH = 16
PATIENCE = 300.0


@dataclass(frozen=True)
class Seen:
    """One picture as a version saw it; `quality` are the measures of the picture itself."""

    image_id: str
    predicted: str
    confidence: float
    probabilities: Mapping[str, float]
    off_domain: float | None
    figures: Json
    quality: Json
    embedding: Embedding


def names(project: Project, classes: Sequence[str]) -> Names:
    """What the columns are called: `classes` are the words for pictures; of two, one probability says it all."""
    if project.task == "segment":
        return Names(OF_MASKS, STATISTICS, tuple(classes))
    return Names(tuple(classes) if len(classes) > 2 else tuple(classes)[:1], STATISTICS, tuple(classes))


def sample(seen: Sequence[Seen], *, project: Project, names: Names) -> Sample:
    """The rows of numbers. Every word that was said must be among the names' classes."""
    known = {name: index for index, name in enumerate(names.classes)}
    embedded = [one.embedding for one in seen]
    return Sample(
        answers=_columns([[_figure(one, name) for name in names.answers] for one in seen], len(names.answers)),
        embeddings=np.stack(embedded).astype(np.float64) if embedded else np.zeros((0, 0)),
        statistics=_columns(
            [[_number(one.quality.get(name)) for name in names.statistics] for one in seen], len(STATISTICS)
        ),
        predicted=np.array([known[project.word(one.predicted, one.confidence)] for one in seen], np.int64),
        strange=np.array([_number(one.off_domain) for one in seen], np.float64),
    )


def stored(db: Connection, found: Sequence[Arrival], *, version_id: str) -> list[Seen]:
    """Arrivals with what is kept of their answers; those without an embedding are left out."""
    vectors = embeddings.many(db, [one.id for one in found], version_id=version_id)
    return [
        Seen(
            image_id=one.id,
            predicted=one.predicted,
            confidence=one.confidence,
            probabilities=one.probabilities,
            off_domain=one.off_domain,
            figures=one.figures or {},
            quality=one.quality,
            embedding=vectors[one.id],
        )
        for one in found
        if one.id in vectors
    ]


def asked(
    services: Services,
    project: Project,
    version: ModelVersion,
    pictures: Sequence[tuple[str, Callable[[], bytes]]],
    *,
    report: Report | None = None,
) -> list[Seen]:
    """Ask the version about pictures (id, encoded bytes), storing nothing; the unreadable and the lost are left out."""
    found: list[Seen] = []
    for start in range(0, len(pictures), BATCH):
        batch = pictures[start : start + BATCH]
        waiting = [(name, _submitted(services, project, version, read)) for name, read in batch]
        found += [one for name, future in waiting if future and (one := _seen(project, name, future)) is not None]
        if report is not None:
            report(Progress(start + len(batch), len(pictures), f"{start + len(batch)} held-out pictures asked about"))
    return found


def _submitted(
    services: Services, project: Project, version: ModelVersion, read: Callable[[], bytes]
) -> Future[Answer] | None:
    try:
        return services.runtime.submit(
            read(), project_id=project.id, facts=True, version_id=version.id, timeout=PATIENCE
        )
    except Missing:
        return None


def _seen(project: Project, name: str, future: Future[Answer]) -> Seen | None:
    try:
        answer = future.result(PATIENCE)
    except (BadImage, Overloaded):
        return None
    if answer.embedding is None or answer.facts is None:
        return None
    verdict = verdicts.verdict(project, answer)
    return Seen(
        image_id=name,
        predicted=verdict.predicted,
        confidence=verdict.confidence,
        probabilities=dict(zip(answer.classes, answer.probabilities, strict=True)),
        off_domain=answer.off_domain,
        figures=verdict.figures,
        quality=answer.facts.quality,
        embedding=np.asarray(answer.embedding, np.float16).astype(np.float32),
    )


def _figure(one: Seen, name: str) -> float:
    if name in one.probabilities:
        return float(one.probabilities[name])
    return one.confidence if name == "confidence" else _number(one.figures.get(name))


def _columns(rows: list[list[float]], width: int) -> NDArray[np.float64]:
    return np.array(rows, np.float64).reshape(len(rows), width)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
