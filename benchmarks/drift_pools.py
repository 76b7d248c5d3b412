"""Real pictures with a real model's answers: a project's held-out ones and changed copies, to draw streams from."""

from __future__ import annotations

import io
import random
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks import installation
from sightloop.core.entities import Job, ModelVersion, Project
from sightloop.flows import drift_samples, importing, manifests, projects, training
from sightloop.flows.access import OPERATOR
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.drift_samples import Seen
from sightloop.flows.services import Services
from sightloop.measure.drift import Columns, Names, Sample, components
from sightloop.store import projects as project_rows
from sightloop.store import versions
from tests import tiny

PROJECT = "streams"
RATIOS = (0.3, 0.1, 0.6)
NOISE, BRIGHTER, BLUR = 20.0, 1.3, 1.5


class Pools:
    """Samples by name, all of one model; their embeddings are components already, `basis` changes nothing."""

    def __init__(self, samples: Mapping[str, Sample], truth: NDArray[np.int64], names: Names) -> None:
        self.samples, self.truth, self.names = samples, truth, names
        self.basis: Columns = np.eye(samples["held out"].embeddings.shape[1])

    def save(self, path: Path) -> None:
        """Keep them for the next run."""
        arrays = {f"{name}|{key}": value for name, one in self.samples.items() for key, value in vars(one).items()}
        with path.open("wb") as file:
            np.savez(file, truth=self.truth, classes=np.array(self.names.classes), **arrays)

    @classmethod
    def open(cls, path: Path) -> Pools:
        """What `save` kept."""
        with np.load(path) as arrays:
            found: dict[str, dict[str, NDArray[np.generic]]] = {}
            for name in arrays.files:
                if "|" in name:
                    pool, key = name.split("|")
                    found.setdefault(pool, {})[key] = arrays[name]
            classes = tuple(arrays["classes"].tolist())
            names = Names(classes, drift_samples.STATISTICS, classes)
            return cls({name: Sample(**parts) for name, parts in found.items()}, arrays["truth"], names)  # type: ignore[arg-type]


def make(data: Path, strangers: Path | None, *, most: int) -> Pools:
    """Import the class folders of `data`, train one model on three tenths, ask it about the others and changed copies.

    Args:
        strangers: pictures of what no class knows.
        most: pictures per changed pool.
    """
    with tempfile.TemporaryDirectory() as place, installation.opened(Path(place) / "data") as services:
        project, version = _learnt(services, data)
        return _asked(services, project, version, strangers=strangers, most=most)


def _learnt(services: Services, data: Path) -> tuple[Project, ModelVersion]:
    classes = tuple(sorted(path.name for path in data.iterdir() if path.is_dir()))
    projects.create(services, user=OPERATOR, name=PROJECT, classes=classes)
    projects.update(services, user=OPERATOR, name=PROJECT, settings={"ratios": list(RATIOS)})
    done(tiny.run(services, importing.start(services, user=OPERATOR, name=PROJECT, path=data.absolute())))
    params = {"backbone": "mobilenetv2_100"}
    done(tiny.run(services, training.start(services, user=OPERATOR, name=PROJECT, family="linear", params=params)))
    with services.db.connect() as db:
        project = project_rows.get(db, PROJECT)
        return project, versions.get(db, project.id, "1")


def _asked(services: Services, project: Project, version: ModelVersion, *, strangers: Path | None, most: int) -> Pools:
    with services.db.connect() as db:
        rows = [row for row in manifests.teaching_rows(db, project) if row["side"] != "train"]
    rows = list({row["group"]: row for row in rows}.values())
    random.Random(0).shuffle(rows)
    reads: dict[str, list[tuple[str, Callable[[], bytes]]]] = {
        "held out": [(row["image_id"], _bytes(services, row["sha256"])) for row in rows]
    }
    some = reads["held out"][:most]
    for name, change in CHANGES.items():
        reads[name] = [(image_id, _changed(read, change)) for image_id, read in some]
    if strangers is not None:
        files = sorted(path for path in strangers.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        random.Random(0).shuffle(files)
        reads["strangers"] = [(path.name, path.read_bytes) for path in files[:most]]
    names = drift_samples.names(project, project.classes)
    with np.load(unpacked(services, version.bundle) / "reference.npz", allow_pickle=False) as arrays:
        basis = components(arrays["bank"].astype(np.float64))
    found: dict[str, Sample] = {}
    truth = {row["image_id"]: project.classes.index(row["label"]) for row in rows}
    seen: list[Seen] = []
    for name, pictures in reads.items():
        click.echo(f"asking about {len(pictures)} pictures: {name}", err=True)
        seen = drift_samples.asked(services, project, version, pictures)
        one = drift_samples.sample(seen, project=project, names=names)
        found[name] = Sample(one.answers, one.embeddings @ basis, one.statistics, one.predicted, one.strange)
        if name == "held out":
            known = np.array([truth[row.image_id] for row in seen])
    return Pools(found, known, names)


def _bytes(services: Services, sha256: str) -> Callable[[], bytes]:
    return lambda: services.blobs.get(sha256)


def _changed(read: Callable[[], bytes], change: Callable[[Image.Image], Image.Image]) -> Callable[[], bytes]:
    def changed() -> bytes:
        file = io.BytesIO()
        change(Image.open(io.BytesIO(read())).convert("RGB")).save(file, "JPEG", quality=92)
        return file.getvalue()

    return changed


def _noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image, np.float64)
    drawn = np.random.default_rng(int(pixels.sum())).normal(0, NOISE, pixels.shape)
    return Image.fromarray(np.clip(pixels + drawn, 0, 255).astype(np.uint8))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "blur": lambda image: image.filter(ImageFilter.GaussianBlur(BLUR)),
    "noise": _noisy,
    "brightness": lambda image: image.point(lambda level: min(255, round(level * BRIGHTER))),
}


def done(job: Job) -> Job:
    """The job, which must have ended well."""
    if job.state != "done":
        raise RuntimeError(job.error)
    return job
