"""The whole way on real photos: 300 imported and learnt from, then streams of other photos, of paintings, of sketches.

`SIGHTLOOP_WEIGHTS=../shared/weights python -m benchmarks.drift_photos --data ../shared/data/pacs`

Every stream goes into a copy of the same installation through the doors that people use: uploaded, answered by the
live model, checked. The other photos must be silent, art and sketches must alarm, and photos of the same kind in
another mix of classes (`label shift`: all of two classes, one in four of the rest) must be told apart from both.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks import installation
from benchmarks.drift_pools import done
from benchmarks.results import publish
from sightloop.core.entities import Json
from sightloop.core.ids import new_id
from sightloop.flows import answer, drifting, importing, projects, simulating, training, upload
from sightloop.flows.access import OPERATOR
from sightloop.flows.drift_changes import Change
from sightloop.flows.services import Services
from tests import tiny

PROJECT = "photos"
RATIOS = (0.5, 0.2, 0.3)
IMPORTED, STREAMED = 300, 120
FOLDS = {"art_painting": "art", "sketch": "sketch"}


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="photo, art_painting, sketch")
@click.option("--seeds", default=1, show_default=True, help="ways to part the photos")
@click.option("--name", default="pacs", show_default=True, help="of the result")
def main(data: Path, seeds: int, name: str) -> None:
    """Import, train, stream, check."""
    rows: list[Json] = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as place:
            rows += _tried(data, Path(place), seed=seed)
    publish(f"drift_photos_{name}", rows, notes={"imported": IMPORTED, "streamed": STREAMED})


def _tried(data: Path, place: Path, *, seed: int) -> list[Json]:
    photos = _listed(data / "photo")
    random.Random(seed).shuffle(photos)
    learnt, others = photos[:IMPORTED], photos[IMPORTED:]
    with installation.opened(place / "first") as services:
        _begun(services, place / "labelled", learnt)
        rows = [_simulated(services, blur=0.0), _simulated(services, blur=1.0)]
    streams = {"other photos": others[:STREAMED], "label shift": _mixed(photos)}
    for folder, title in FOLDS.items():
        found = _listed(data / folder)
        random.Random(seed).shuffle(found)
        streams[title] = found[:STREAMED]
    for title, files in streams.items():
        copy = place / title.replace(" ", "_")
        if title == "label shift":
            rest = [path for path in photos if path not in set(files)][:IMPORTED]
            with installation.opened(copy) as services:
                _begun(services, place / "labelled for it", rest)
        else:
            shutil.copytree(place / "first", copy)
        with installation.opened(copy) as services:
            rows.append({"stream": title, **_streamed(services, files)})
    return [{"seed": seed, **row} for row in rows]


def _listed(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def _mixed(photos: Sequence[Path]) -> list[Path]:
    """As many photos, most of them of two classes."""
    classes = sorted({path.parent.name for path in photos})
    often = [path for path in photos if path.parent.name in classes[:2]][: STREAMED * 2 // 3]
    seldom = [path for path in photos if path.parent.name not in classes[:2]]
    return [*often, *seldom[: STREAMED - len(often)]]


def _begun(services: Services, folder: Path, files: Sequence[Path]) -> None:
    """A project that learnt from these labelled photos, with its first model live."""
    for path in files:
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    classes = tuple(sorted({path.parent.name for path in files}))
    projects.create(services, user=OPERATOR, name=PROJECT, classes=classes)
    projects.update(services, user=OPERATOR, name=PROJECT, settings={"ratios": list(RATIOS)})
    done(tiny.run(services, importing.start(services, user=OPERATOR, name=PROJECT, path=folder)))
    params = {"backbone": "mobilenetv2_100"}
    done(tiny.run(services, training.start(services, user=OPERATOR, name=PROJECT, family="linear", params=params)))
    services.runtime.refresh()


def _streamed(services: Services, files: Sequence[Path]) -> Json:
    incoming = []
    for path in files:
        data, kept = path.read_bytes(), services.blobs.incoming / new_id()
        kept.write_bytes(data)
        incoming.append(upload.Incoming(path.name, kept, hashlib.sha256(data).hexdigest(), len(data)))
    stored = upload.keep(services, user=OPERATOR, project=PROJECT, incoming=incoming)
    images = [one.image for one in stored if one.image]
    answer.score(services, project_id=images[0].project_id, image_ids=[one.id for one in images], timeout=600)
    return _row(drifting.check(services, user=OPERATOR, project=PROJECT))


def _simulated(services: Services, *, blur: float) -> Json:
    change = Change(blur=blur)
    found = simulating.simulate(services, user=OPERATOR, project=PROJECT, change=change)
    return {"stream": f"simulated blur {blur:g}", **_row(found)}


def _row(found: Json) -> Json:
    names = ("n", "held_out", "p", "alarm", "by", "kind", "reweighted_p")
    first = min(found["families"], key=lambda one: one["p"], default=None) if "families" in found else None
    strongest = f"{first['name']} {first['effect']:.2f}" if first else ""
    return {**{name: found.get(name, "") for name in names}, "strongest": strongest, "sentence": found["sentence"]}


if __name__ == "__main__":
    main()
