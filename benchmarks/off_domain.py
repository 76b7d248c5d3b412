"""How many of a project's own pictures are refused as off-domain, and how many strangers, at a chosen rate.

`SIGHTLOOP_WEIGHTS=../shared/weights python -m benchmarks.off_domain --data ../shared/data/cataract
 --strangers ../shared/data/cats_dogs/cat --name cataract`

Imports the pictures into a fresh installation (sides 50/30/20), trains one model, and asks it about the test side and
about the strangers. `refused` is by distance and doubt together, as served, with Wilson's interval at 95 %; beside it
the distance alone. `own_exchanged` is the share of own pictures refused when held-out and test pictures are drawn anew
200 times, because the test side alone is small. Blurred copies of the test side say what a bad photo gets.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks import installation
from benchmarks.results import publish
from sightloop import bundles
from sightloop.bundles.classifier import REFERENCE
from sightloop.bundles.reference import Reference
from sightloop.core.arrays import Pixels
from sightloop.core.entities import Facts, Job, Json, Project
from sightloop.core.ports import Predictor
from sightloop.flows import cases, importing, projects, training, verdicts
from sightloop.flows.access import OPERATOR
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.measure.intervals import wilson
from sightloop.store import projects as project_rows
from sightloop.store import versions
from sightloop.vision.examine import examine
from sightloop.vision.quality import measure
from sightloop.vision.resize import small
from tests import tiny

PROJECT = "judged"
EXCHANGES = 200
MOST = 240  # strangers of a folder
BLUR = 0.02  # sigma as a share of the longest side

Asked = tuple[Pixels, Facts]


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="a folder of class folders")
@click.option("--strangers", type=click.Path(path_type=Path, exists=True), multiple=True, help="folders of pictures")
@click.option("--recipe", default="cataract", show_default=True)
@click.option("--region", type=click.Choice(["", "eye"]), default="", help="the part that the model looks at")
@click.option("--family", default="linear", show_default=True)
@click.option("--rate", default=0.01, show_default=True)
@click.option("--name", default="pictures", show_default=True, help="of the result")
def main(data: Path, strangers: Sequence[Path], recipe: str, region: str, family: str, rate: float, name: str) -> None:
    """Train, ask, count."""
    with tempfile.TemporaryDirectory() as place, installation.opened(Path(place) / "data") as services:
        project = _imported(services, data, recipe=recipe)
        folder = _trained(services, project, family=family, region=region)
        predictor, reference = bundles.load(folder), Reference.open(folder / REFERENCE)
        test = [case.read() for case in cases.held_out(services, project)]
        own = list(_asked(predictor, test))
        groups = {"own test side": own, "own, blurred": [_blurred(*one) for one in own]}
        for one in strangers:
            files = sorted(path for path in one.rglob("*") if path.is_file() and path.suffix != ".txt")
            files = files[:: -(-len(files) // MOST)]
            groups[one.name] = list(_asked(predictor, [path.read_bytes() for path in files]))
        rows = [
            {"pictures": title, **_row(project, predictor, reference, asked, rate)} for title, asked in groups.items()
        ]
        rows, exchanged = _ranked(rows), _exchanged(folder / REFERENCE, predictor, own, rate)
    notes = {
        "own_exchanged": exchanged,
        "rate": rate,
        "family": family,
        "region": region,
        "held_out": reference.size,
    }
    publish(f"off_domain_{name}", rows, notes=notes)


def _imported(services: Services, data: Path, *, recipe: str) -> Project:
    classes = tuple(sorted(path.name for path in data.iterdir() if path.is_dir()))
    projects.create(services, user=OPERATOR, name=PROJECT, recipe=recipe, classes=classes)
    settings = {"ratios": [0.5, 0.3, 0.2], "retake": True}
    projects.update(services, user=OPERATOR, name=PROJECT, settings=settings)
    _done(services, importing.start(services, user=OPERATOR, name=PROJECT, path=data.absolute()))
    with services.db.connect() as db:
        return project_rows.get(db, PROJECT)


def _trained(services: Services, project: Project, *, family: str, region: str) -> Path:
    params = {"backbone": "mobilenetv2_100", "region": region}
    _done(services, training.start(services, user=OPERATOR, name=PROJECT, family=family, params=params))
    with services.db.connect() as db:
        return unpacked(services, versions.get(db, project.id, "1").bundle)


def _done(services: Services, job: Job) -> None:
    found = tiny.run(services, job)
    if found.state != "done":
        raise RuntimeError(found.error)


def _asked(predictor: Predictor, files: Sequence[bytes]) -> Iterator[Asked]:
    for data in files:
        yield examine(data, shrink_to=predictor.input_size)


def _blurred(pixels: Pixels, facts: Facts) -> Asked:
    """A copy out of focus, with the facts that it would have."""
    image = Image.fromarray(pixels)
    found = np.asarray(image.filter(ImageFilter.GaussianBlur(BLUR * max(image.size))))
    sizes = {name: facts.quality[name] for name in ("aspect", "megapixels")}
    return found, Facts(**{**facts.__dict__, "quality": {**measure(small(found)), **sizes}})


def _row(project: Project, predictor: Predictor, reference: Reference, asked: Sequence[Asked], rate: float) -> Json:
    found = [predictor.predict([pixels]) for pixels, _ in asked]
    embeddings = np.concatenate([one.embeddings for one in found])
    probabilities = np.concatenate([one.probabilities for one in found])
    both = np.array([one.off_domain[0] for one in found], np.float64)
    alone = np.array(reference.off_domain(embeddings), np.float64)
    unsure = 1 - probabilities.max(axis=1)
    k, n = int((both > 1 - rate).sum()), len(both)
    low, high = wilson(k, n)
    faulty = np.array([bool(verdicts.faults(project, facts)) for _, facts in asked])
    return {
        "n": n,
        "refused": k / n,
        "low": low,
        "high": high,
        "by_distance": float((alone > 1 - rate).mean()),
        "retake": float(faulty.mean()),
        "either": float((faulty | (both > 1 - rate)).mean()),
        "_scores": (both, alone, unsure),
    }


def _exchanged(path: Path, predictor: Predictor, own: Sequence[Asked], rate: float) -> float:
    """The share of own pictures refused, over many ways to choose which of them were held out and which are asked."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    found = predictor.predict([pixels for pixels, _ in own])
    embeddings = np.concatenate([arrays["embeddings"].astype(np.float32), found.embeddings])
    probabilities = np.concatenate([arrays["probabilities"], found.probabilities.astype(np.float32)])
    rng, refused = np.random.default_rng(0), []
    for _ in range(EXCHANGES):
        inside, outside = np.split(rng.permutation(len(embeddings)), [len(arrays["embeddings"])])
        drawn = Reference({**arrays, "embeddings": embeddings[inside], "probabilities": probabilities[inside]})
        scores = np.array(drawn.off_domain(embeddings[outside], probabilities[outside].astype(np.float64)))
        refused.append(float((scores > 1 - rate).mean()))
    return float(np.mean(refused))


def _ranked(rows: Sequence[Json]) -> list[Json]:
    """The rows with the area under the ROC curve of each score against the first row's pictures."""
    own = rows[0]["_scores"]
    names = ("auc", "auc_distance", "auc_unsure")
    return [
        {key: value for key, value in row.items() if key != "_scores"}
        | ({name: _auc(one, other) for name, one, other in zip(names, own, row["_scores"], strict=True)} if at else {})
        for at, row in enumerate(rows)
    ]


def _auc(own: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """How often a stranger has a higher score than one of our own; ties count half."""
    above = (others[:, None] > own).mean() + 0.5 * (others[:, None] == own).mean()
    return float(above)


if __name__ == "__main__":
    main()
