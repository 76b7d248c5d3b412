"""A data set whose own split leaks: near copies and contradictory labels are named, do not teach, and can be left out.

The pictures are drawn; on the training side lie copies of test pictures that were cropped, scaled, saved again or made
brighter, as data sets found on the internet have them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sightloop.bundles import format as bundle_format
from sightloop.core.arrays import Pixels
from sightloop.core.entities import Json
from sightloop.core.ids import new_id
from sightloop.flows import evaluating, importing, manifests, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.samples import specimens
from sightloop.store import images, versions
from sightloop.store import projects as rows
from sightloop.vision import encode, resize
from tests import tiny

CLASSES = ("beetle", "fern", "starfish")
EACH = 6


def cropped(pixels: Pixels) -> bytes:
    """One hundredth of each side cut away."""
    cut = max(1, len(pixels) // 100)
    return encode.jpeg(np.ascontiguousarray(pixels[cut:-cut, cut:-cut]))


def scaled(pixels: Pixels) -> bytes:
    return encode.jpeg(resize.fit(pixels, size=len(pixels) * 3 // 4, mode="squash"))


def saved_again(pixels: Pixels) -> bytes:
    return encode.jpeg(pixels, quality=60)


def brightened(pixels: Pixels) -> bytes:
    return encode.jpeg(np.clip(pixels.astype(np.float32) * 1.15, 0, 255).astype(np.uint8))


VARIANTS: tuple[Callable[[Pixels], bytes], ...] = (cropped, scaled, saved_again, brightened)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/ and test/ by class; of the first test picture of each class every variant is in train/ too."""
    folder = tmp_path_factory.mktemp("drawn") / "set"
    for name in CLASSES:
        for seed in range(EACH):
            side = "test" if seed < 2 else "train"
            save(folder / side / name / f"{seed}.jpg", encode.jpeg(specimens.draw(name, seed=seed)))
        for change in VARIANTS:
            save(folder / "train" / name / f"{change.__name__}.jpg", change(specimens.draw(name, seed=0)))
    contradiction = encode.jpeg(specimens.draw("beetle", seed=2), quality=80)
    save(folder / "train" / "fern" / "contradiction.jpg", contradiction)
    return folder


def save(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture
def report(services: Services, drawn: Path) -> Json:
    """What the import of the set found."""
    projects.create(services, user=OPERATOR, name="beach", classes=CLASSES)
    job = tiny.run(services, importing.start(services, user=OPERATOR, name="beach", path=drawn))
    assert job.state == "done", job.error
    found: Json = job.context["import"]["leaks"]
    return found


def test_every_variant_of_a_test_picture_is_named_as_a_leak(report: Json) -> None:
    named = {tuple(sorted(pair["images"])) for pair in report["near"]["examples"] if len(set(pair["sides"])) == 2}
    wanted = {(f"test/{name}/0.jpg", f"train/{name}/{change.__name__}.jpg") for name in CLASSES for change in VARIANTS}
    assert named == wanted
    assert report["near"]["across_sides"] == len(wanted)
    assert report["leaked"]["test"] == [f"test/{name}/0.jpg" for name in CLASSES]
    assert report["held_out"]["test"] == {"pictures": 6, "exact": 0, "exact_share": 0.0, "exact_or_near": 3}


def test_a_picture_under_two_labels_is_named_as_a_contradiction(report: Json) -> None:
    [pair] = report["contradictions"]["examples"]
    assert sorted(pair["images"]) == ["train/beetle/2.jpg", "train/fern/contradiction.jpg"]
    assert sorted(pair["labels"]) == ["beetle", "fern"]


def test_copies_of_test_pictures_do_not_teach(services: Services, report: Json) -> None:
    teaching = sorted(path_of(services, row) for row in learnt(services) if row["side"] == "train")
    assert len(teaching) == len(CLASSES) * (EACH - 2) + 1
    assert not {f"{change.__name__}.jpg" for change in VARIANTS} & set(teaching)


def test_a_score_says_beside_its_figures_those_without_the_leaked_pictures(
    services: Services, report: Json, tmp_path: Path
) -> None:
    put_live(services, tmp_path)
    job = tiny.run(services, evaluating.start(services, user=OPERATOR, name="beach"))
    figures = job.context["evaluation"]
    assert (figures["n"], figures["leaked"], figures["without_leaked"]["n"]) == (6, 3, 3)
    assert 0 <= figures["without_leaked"]["accuracy"]["value"] <= 1


def learnt(services: Services) -> list[Json]:
    with services.db.connect() as db:
        return manifests.teaching_rows(db, rows.get(db, "beach"))


def path_of(services: Services, row: Json) -> str:
    with services.db.connect() as db:
        return images.get(db, row["image_id"]).name


def put_live(services: Services, folder: Path) -> None:
    """A model of three classes, whatever it says."""
    made = tiny.bundle(folder / "bundle")
    bundle_format.write(made, dataclasses.replace(bundle_format.read(made), classes=CLASSES))
    packed = services.blobs.incoming / new_id()
    digest = bundle_format.pack(made, packed)
    services.blobs.adopt(packed, digest)
    with services.db.begin() as db:
        project = rows.get(db, "beach")
        version = versions.add(db, project.id, bundle=digest, family="linear", params={}, metrics={})
        rows.set_live(db, project.id, version_id=version.id, by=None, action="promote")
