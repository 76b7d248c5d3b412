"""Score a model: on the frozen test side, or on any labelled folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightloop import bundles
from sightloop.bundles import card
from sightloop.core.arrays import Scores
from sightloop.core.entities import Job, Json, ModelVersion, Progress, Project, User
from sightloop.core.errors import BadImage, Rejected
from sightloop.core.ports import Predictor, Report
from sightloop.flows import layouts, manifests
from sightloop.flows.access import project_for
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.measure import labels, plots
from sightloop.store import projects, snapshots, versions
from sightloop.tasks import TASKS
from sightloop.vision.decode import decode

BATCH = 16
THREADS = 2


@dataclass(frozen=True)
class Case:
    """One picture to be judged; `read` gives its encoded bytes, `group` is its unit of resampling."""

    read: Callable[[], bytes]
    label: str
    group: str
    leaked: bool = False


@dataclass(frozen=True)
class Judged:
    """Answers beside the truth: `probabilities` (n, classes), `targets` (n,) indices into `classes`."""

    classes: tuple[str, ...]
    cases: tuple[Case, ...]
    probabilities: Scores
    targets: NDArray[np.int64]
    unreadable: int

    def keep(self, chosen: NDArray[np.bool_]) -> Judged:
        """Only the chosen (n,) rows."""
        cases = tuple(case for case, keep in zip(self.cases, chosen, strict=True) if keep)
        return Judged(self.classes, cases, self.probabilities[chosen], self.targets[chosen], self.unreadable)


def evaluate(services: Services, job: Job, report: Report) -> Json:
    """Job step: score the new bundle on the snapshot's test side; figures, plots and card go into the bundle."""
    assert job.project_id is not None
    folder = services.work_folder(job.id) / "bundle"
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
        taken = snapshots.get(db, job.context["snapshot_id"])
    cases = _stored_cases(services, manifests.read(services, taken))
    judged = judge(bundles.load(folder), cases, classes=project.classes, report=report)
    figures = score(judged, project=project)
    _complete(folder, judged, figures)
    return {"evaluation": figures}


def on_test(services: Services, *, user: User, name: str, version: str = "champion") -> Json:
    """Score a model version on the frozen test side of the labels as they are now."""
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        rows = manifests.teaching_rows(db, project)
        found = versions.get(db, project.id, version)
    return _score_version(services, project, found, _stored_cases(services, rows))


def on_folder(services: Services, *, user: User, name: str, folder: Path, version: str = "champion") -> Json:
    """Score a model version on any labelled folder, ZIP or table; nothing is stored.

    Raises:
        Rejected: no labelled picture there, or a class the project does not know.
    """
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        found = versions.get(db, project.id, version)
    with layouts.look(folder) as layout:
        strange = sorted(set(layout.classes) - set(project.classes))
        if strange or not layout.classes:
            raise Rejected(
                f"{folder} has no labelled pictures of project {name!r}"
                + (f" but {strange[0]!r}." if strange else "."),
                hint=f"Classes: {', '.join(project.classes)}.",
            )
        cases = [_case(layout, item) for item in layout.items if item.label is not None]
        return _score_version(services, project, found, cases)


def _score_version(services: Services, project: Project, version: ModelVersion, cases: Sequence[Case]) -> Json:
    predictor = bundles.load(unpacked(services, version.bundle))
    figures = score(judge(predictor, cases, classes=project.classes), project=project)
    return {"project": project.name, "model_version": version.number, **figures}


def _stored_cases(services: Services, rows: Sequence[Json]) -> list[Case]:
    def reader(sha256: str) -> Callable[[], bytes]:
        return lambda: services.blobs.get(sha256)

    judging = [row for row in rows if row["side"] == "test"]
    return [Case(reader(row["sha256"]), row["label"], row["group"], row["leaked"]) for row in judging]


def _case(layout: layouts.Layout, item: layouts.Item) -> Case:
    assert item.label is not None
    group = item.site or hashlib.sha256(item.where.encode()).hexdigest()
    return Case(lambda: layout.read(item.where), item.label, group)


def judge(
    predictor: Predictor, cases: Sequence[Case], *, classes: Sequence[str], report: Report | None = None
) -> Judged:
    """Ask the predictor about every case; classes it never learnt get 0, unreadable pictures are counted."""
    kept: list[Case] = []
    found: list[Scores] = []
    for batch in _decoded(predictor, cases):
        kept += [case for case, _ in batch]
        found += [predictor.predict([pixels for _, pixels in batch]).probabilities] if batch else []
        if report:
            report(Progress(len(kept), len(cases), f"{len(kept)} pictures judged"))
    wide = np.zeros((len(kept), len(classes)))
    if found:
        wide[:, [list(classes).index(name) for name in predictor.classes]] = np.concatenate(found)
    targets = np.array([list(classes).index(case.label) for case in kept], dtype=np.int64)
    return Judged(tuple(classes), tuple(kept), wide, targets, len(cases) - len(kept))


def _decoded(predictor: Predictor, cases: Sequence[Case]) -> Iterator[list[tuple[Case, NDArray[np.uint8]]]]:
    def load(case: Case) -> tuple[Case, NDArray[np.uint8]] | None:
        try:
            return case, decode(case.read(), shrink_to=predictor.input_size)
        except (BadImage, Rejected):
            return None

    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(cases), BATCH):
            yield [one for one in pool.map(load, cases[start : start + BATCH]) if one]


def score(judged: Judged, *, project: Project) -> Json:
    """All figures with intervals; beside them those without the leaked pictures where there are any."""
    leaked = np.array([case.leaked for case in judged.cases], dtype=bool)
    figures = {**_figures(judged, project), "unreadable": judged.unreadable, "leaked": int(leaked.sum())}
    if leaked.any():
        figures["without_leaked"] = _figures(judged.keep(~leaked), project)
    return figures


def _figures(judged: Judged, project: Project) -> Json:
    return TASKS[project.task].score(
        judged.probabilities,
        judged.targets,
        classes=judged.classes,
        groups=[case.group for case in judged.cases],
        floor=project.floor,
    )


def _complete(folder: Path, judged: Judged, figures: Json) -> None:
    """Write plots, figures and the model card into the bundle folder."""
    drawn = folder / "plots"
    drawn.mkdir(exist_ok=True)
    (drawn / "confusion.svg").write_text(plots.confusion_svg(figures["confusion"], classes=judged.classes))
    curves = labels.roc_curves(judged.probabilities, judged.targets, classes=judged.classes)
    (drawn / "roc.svg").write_text(plots.roc_svg(curves))
    card.complete(folder, figures)
