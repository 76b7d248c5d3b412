"""Exporting: a streamed ZIP that import reads back to the same pixels, labels and sides, and that tells no secrets."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sightloop.core.entities import Image, Json, Progress, Project, User
from sightloop.core.errors import Missing
from sightloop.flows import correct, exporting, importing, projects, upload
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.store.images import Filters
from sightloop.vision import encode
from sightloop.vision.decode import decode

Picture = Callable[..., bytes]
Incoming = Callable[..., upload.Incoming]
COLOURS = ("red", "green", "blue")


def quiet(progress: Progress) -> None:
    del progress


def fill(services: Services, root: Path, contents: dict[str, bytes], *, name: str = "paint") -> None:
    for path, data in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    job = importing.start(services, user=OPERATOR, name=name, path=root, new_classes=True)
    importing.run(services, job, quiet)


def exported(services: Services, *, filters: Filters | None = None) -> tuple[int, zipfile.ZipFile]:
    count, pieces = exporting.stream(services, user=OPERATOR, name="paint", filters=filters)
    return count, zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def manifest(archive: zipfile.ZipFile) -> list[Json]:
    return [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]


def pictures(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if "/" in name]


def known(services: Services, name: str) -> dict[str, tuple[str | None, str, str | None, str | None]]:
    with services.db.connect() as db:
        project = projects.show(services, user=OPERATOR, name=name)
        found: list[Image] = list(images.stream(db, project["id"]))
    return {image.name: (image.label, image.side, image.pixel_hash, image.site) for image in found}


def test_export_then_import_is_the_identity_of_pixels_labels_sides_and_sites(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    contents = {f"{colour}/{colour}{seed}.jpg": picture(colour, seed=seed) for colour in COLOURS for seed in range(6)}
    fill(services, tmp_path / "set", {**contents, "unlabelled/x.jpg": picture("red", seed=50)})
    _, pieces = exporting.stream(services, user=OPERATOR, name="paint")
    (tmp_path / "out.zip").write_bytes(b"".join(pieces))
    projects.create(services, user=OPERATOR, name="copy")
    job = importing.start(services, user=OPERATOR, name="copy", path=tmp_path / "out.zip")
    importing.run(services, job, quiet)
    assert known(services, "copy") == known(services, "paint")
    assert len(known(services, "copy")) == 19


def test_pictures_lie_by_class_and_the_count_is_known_before(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    fill(services, tmp_path, {"red/1.jpg": picture(), "blue/2.jpg": picture("blue")})
    count, archive = exported(services)
    assert count == 2
    assert sorted(pictures(archive)) == ["blue/2.jpg", "red/1.jpg"]
    assert archive.testzip() is None
    assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())


def test_the_manifest_tells_model_and_human_apart(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    kept = upload.keep(services, user=OPERATOR, project="paint", incoming=[incoming(picture())])
    assert kept[0].image
    correct.correct(services, user=OPERATOR, image_id=kept[0].image.id, value="red", revision=None)
    (row,) = manifest(exported(services)[1])
    assert (row["file"], row["label"], row["class"], row["verified"]) == ("red/photo.jpg", "red", "red", True)
    assert (row["predicted"], row["confidence"]) == (None, None)


def test_no_metadata_leaves_the_house(services: Services, project: Project, picture: Picture, tmp_path: Path) -> None:
    plain = picture()
    secret = b"Exif\0\0MM\0*GPS 48.2082 N"
    tagged = plain[:2] + b"\xff\xe1" + (len(secret) + 2).to_bytes(2, "big") + secret + plain[2:]
    fill(services, tmp_path, {"red/1.jpg": tagged})
    _, archive = exported(services)
    data = archive.read("red/1.jpg")
    assert b"GPS" in tagged
    assert b"GPS" not in data
    assert np.array_equal(decode(data), decode(tagged))


def test_equal_names_do_not_overwrite_each_other_even_without_case(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    names = ("photo.jpg", "PHOTO.JPG", "photo.jpg")
    sent = [incoming(picture(seed=seed), name) for seed, name in enumerate(names)]
    upload.keep(services, user=OPERATOR, project="paint", incoming=sent)
    _, archive = exported(services)
    assert len({name.casefold() for name in pictures(archive)}) == 3
    assert [row["name"] for row in manifest(archive)] == list(names)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "con.jpg", "a\\b.jpg", ".ssh", "x" * 240 + ".jpg", "bidi\u202egpj.exe"]
)
def test_hostile_names_become_safe_paths_and_stay_data(
    services: Services, project: Project, picture: Picture, incoming: Incoming, name: str
) -> None:
    upload.keep(services, user=OPERATOR, project="paint", incoming=[incoming(picture(), name)])
    (path,) = pictures(exported(services)[1])
    folder, _, file = path.partition("/")
    assert folder == "unlabelled"
    assert file.isprintable()
    assert "/" not in file
    assert not file.startswith(".")
    assert file.lower().endswith(".jpg")
    assert not file.lower().startswith("con.")


def test_a_class_name_with_a_slash_is_one_folder(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "1.jpg").write_bytes(picture())
    (tmp_path / "list.csv").write_text("filepath,label\n1.jpg,../red/../..\n")
    job = importing.start(services, user=OPERATOR, name="paint", path=tmp_path / "list.csv", new_classes=True)
    importing.run(services, job, quiet)
    _, archive = exported(services)
    (path,) = pictures(archive)
    assert ".." not in path.split("/")
    (row,) = csv.DictReader(io.StringIO(archive.read("dataset.csv").decode()))
    assert row["label"] == "../red/../.."


def test_a_lost_blob_is_listed_with_its_reason_and_the_rest_arrives(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    fill(services, tmp_path, {"red/1.jpg": picture(), "red/2.jpg": picture(seed=2)})
    with services.db.connect() as db:
        lost = next(images.stream(db, project.id))
    services.blobs.delete(lost.sha256)
    _, archive = exported(services)
    assert pictures(archive) == ["red/2.jpg"]
    assert [bool(row.get("reason")) for row in manifest(archive)] == [True, False]


def test_filters_choose_and_the_trash_stays_behind(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    fill(services, tmp_path, {"red/1.jpg": picture(), "red/2.jpg": picture(seed=2), "blue/3.jpg": picture("blue")})
    with services.db.begin() as db:
        images.trash(db, next(images.stream(db, project.id, filters=Filters(label="red"))), by=None)
    count, archive = exported(services, filters=Filters(label="red"))
    assert count == len(pictures(archive)) == 1


def test_memory_does_not_grow_with_the_number_of_pictures(
    services: Services, project: Project, incoming: Incoming
) -> None:
    rng = np.random.default_rng(0)
    for start in range(0, 40, 8):
        noise = [encode.png(rng.integers(0, 255, (256, 256, 3)).astype(np.uint8)) for _ in range(8)]
        sent = [incoming(data, f"{start + at}.png") for at, data in enumerate(noise)]
        upload.keep(services, user=OPERATOR, project="paint", incoming=sent)
    _, pieces = exporting.stream(services, user=OPERATOR, name="paint")
    tracemalloc.start()
    total = sum(len(piece) for piece in pieces)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 7_000_000
    assert peak < 4_000_000


def test_a_stranger_cannot_export(services: Services, project: Project) -> None:
    stranger = User(id="x", email="x@example.org", name="x", role="maintainer", created_at=0.0)
    with pytest.raises(Missing):
        exporting.stream(services, user=stranger, name="paint")
