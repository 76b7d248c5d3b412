"""Exporting masks: three forms that import reads back to the same pixels, masks, sides and sites, and who said what."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightloop.core.arrays import Mask
from sightloop.core.entities import NOTHING, Image, Json, Progress
from sightloop.core.errors import Rejected
from sightloop.flows import correct, drawing, export_forms, exporting, importing
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import changes, images
from sightloop.vision import encode, masks
from tests import tiny_masks

FORMS = export_forms.FORMATS
CLASSES = ("crack", "pothole")
Known = dict[str, tuple[str | None, str, str | None, str | None, list[list[int]] | None]]


def quiet(progress: Progress) -> None:
    del progress


def imported(services: Services, path: Path, *, name: str) -> Json:
    job = importing.start(services, user=OPERATOR, name=name, path=path, new_classes=True)
    return dict(importing.run(services, job, quiet)["import"])


def exported(services: Services, form: str = "", *, name: str = "cracks") -> zipfile.ZipFile:
    _, pieces = exporting.stream(services, user=OPERATOR, name=name, form=form)
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def copied(services: Services, form: str, folder: Path, *, name: str) -> None:
    _, pieces = exporting.stream(services, user=OPERATOR, name="cracks", form=form)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "out.zip").write_bytes(b"".join(pieces))
    tiny_masks.project(services, name=name, classes=CLASSES)
    imported(services, folder / "out.zip", name=name)


def rows(services: Services, name: str = "cracks") -> list[Image]:
    with services.db.connect() as db:
        return list(images.stream(db, project_for(services, user=OPERATOR, name=name, action="view").id))


def known(services: Services, name: str = "cracks") -> Known:
    found: Known = {}
    for image in rows(services, name):
        mask = drawing.human_mask(services, image)
        values = None if mask is None else mask.tolist()
        found[image.name] = (image.label, image.side, image.pixel_hash, image.site, values)
    return found


def listing(folder: Path, drawn: list[Mask | None]) -> Path:
    """Pictures with these masks, or without, on all sides and from a site each, as a CSV lists them."""
    folder.mkdir(parents=True)
    lines = ["filepath,mask,split,site"]
    for at, mask in enumerate(drawn):
        height, width = (48, 64) if mask is None else mask.shape
        (folder / f"p{at}.png").write_bytes(tiny_masks.picture(at, height=max(40, height), width=max(40, width)))
        if mask is not None:
            whole = np.zeros((max(40, height), max(40, width)), np.uint8)
            whole[:height, :width] = mask
            (folder / f"m{at}.png").write_bytes(masks.encode(whole))
        side = ("train", "val", "test")[at % 3]
        lines.append(f"p{at}.png,{'' if mask is None else f'm{at}.png'},{side},site of {side}")
    (folder / "list.csv").write_text("\n".join(lines))
    return folder / "list.csv"


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_export_then_import_is_the_identity(services: Services, tmp_path: Path, form: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [
        rng.integers(0, 3, (int(rng.integers(1, 50)), int(rng.integers(1, 50)))).astype(np.uint8) for _ in range(4)
    ]
    fresh = f"x{len(list(tmp_path.iterdir()))}"
    tiny_masks.project(services, name=f"{fresh}-a", classes=CLASSES)
    imported(services, listing(tmp_path / fresh, [*drawn, np.zeros((48, 64), np.uint8), None]), name=f"{fresh}-a")
    _, pieces = exporting.stream(services, user=OPERATOR, name=f"{fresh}-a", form=form)
    (tmp_path / fresh / "out.zip").write_bytes(b"".join(pieces))
    tiny_masks.project(services, name=f"{fresh}-b", classes=CLASSES)
    found = imported(services, tmp_path / fresh / "out.zip", name=f"{fresh}-b")
    assert known(services, f"{fresh}-b") == known(services, f"{fresh}-a")
    assert found["masks"] == 5


@pytest.fixture
def filled(services: Services, tmp_path: Path) -> Services:
    """Six pictures with masks (one of them empty), and one without."""
    tiny_masks.project(services)
    root = tiny_masks.folder(tmp_path / "set")
    (root / "images" / "plain.png").write_bytes(tiny_masks.picture(99))
    imported(services, root, name="cracks")
    return services


def test_masks_lie_beside_pictures_by_their_stem(filled: Services) -> None:
    archive = exported(filled)
    names = set(archive.namelist())
    assert {f"images/{at}.png" for at in range(6)} | {f"masks/{at}.png" for at in range(6)} <= names
    assert "masks/plain.png" not in names
    assert np.array_equal(masks.decode(archive.read("masks/3.png")), tiny_masks.draw(3)[1])
    assert archive.read("classes.txt") == b"crack\n"


@pytest.mark.parametrize("form", FORMS)
def test_other_programs_need_not_know_our_tables(filled: Services, tmp_path: Path, form: str) -> None:
    archive, bare = exported(filled, form), tmp_path / "bare.zip"
    with zipfile.ZipFile(bare, "w") as file:
        for name in archive.namelist():
            if name not in (exporting.DATASET, exporting.MANIFEST, exporting.METADATA):
                file.writestr(name, archive.read(name))
    tiny_masks.project(filled, name="copy")
    assert imported(filled, bare, name="copy")["layout"] == form
    there = {name: known(filled, "copy").get(name, (None,) * 5)[4] for name in known(filled)}
    expected = {name: row[4] for name, row in known(filled).items()}
    assert {n: v for n, v in there.items() if n != "5.png"} == {n: v for n, v in expected.items() if n != "5.png"}


def test_a_picture_that_nobody_judged_is_no_empty_one_to_others(filled: Services) -> None:
    assert "images/unlabelled/plain.png" in exported(filled, "yolo").namelist()
    annotations = json.loads(exported(filled, "coco").read("annotations.json"))
    assert sorted(image["file_name"] for image in annotations["images"]) == [f"{at}.png" for at in range(6)]


def test_coco_areas_and_boxes_are_those_of_the_mask(filled: Services) -> None:
    found = json.loads(exported(filled, "coco").read("annotations.json"))
    ids = {image["file_name"]: image["id"] for image in found["images"]}
    mask = tiny_masks.draw(3)[1]
    (row,) = [row for row in found["annotations"] if row["image_id"] == ids["3.png"]]
    top, left = np.argwhere(mask).min(axis=0)
    assert (row["area"], row["bbox"][:2], row["category_id"]) == (int(mask.sum()), [left, top], 1)


def test_the_metadata_tells_who_said_what_and_what_came_with_it(filled: Services, tmp_path: Path) -> None:
    tiny_masks.adopt(filled, tmp_path)
    image = next(image for image in rows(filled) if image.name == "1.png")
    with filled.db.begin() as db:
        changes.save(db, [changes.Change(image, dataclasses.replace(image, meta={"feedback": {"wall": 3}}), "noted")])
    correct.redraw(filled, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(2)[1])
    found = json.loads(exported(filled).read("metadata.json"))
    assert (found["project"], found["classes"], len(found["masks"])) == ("cracks", ["crack"], 6)
    (entry,) = [entry for entry in found["masks"] if entry["image"] == "images/1.png"]
    assert (entry["mask"], entry["user"], entry["action"]) == ("masks/1.png", OPERATOR.id, "correct")
    assert entry["feedback"] == {"wall": 3}
    assert {entry["action"] for entry in found["masks"]} == {"correct", "import"}


def test_a_lost_mask_is_told_and_its_picture_still_arrives(filled: Services) -> None:
    image = next(image for image in rows(filled) if image.name == "1.png")
    assert image.mask is not None
    filled.blobs.delete(image.mask)
    archive = exported(filled)
    assert "images/1.png" in archive.namelist()
    assert "masks/1.png" not in archive.namelist()
    lines = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
    assert [bool(line.get("reason")) for line in lines if line["name"] == "1.png"] == [True]


def test_equal_stems_get_masks_of_their_own(services: Services, tmp_path: Path) -> None:
    tiny_masks.project(services)
    for seed, name in enumerate(("train/images/a.png", "test/images/A.PNG")):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(tiny_masks.picture(seed))
        mask = tmp_path / name.replace("images", "masks")
        mask.parent.mkdir()
        mask.write_bytes(tiny_masks.mask_png(seed))
    imported(services, tmp_path, name="cracks")
    names = exported(services).namelist()
    assert len({name.casefold() for name in names if name.startswith("masks/")}) == 2


def test_a_project_of_classes_has_no_form_and_an_unknown_one_is_refused(services: Services) -> None:
    tiny_masks.project(services)
    with pytest.raises(Rejected, match="no format 'voc'"):
        exporting.stream(services, user=OPERATOR, name="cracks", form="voc")
    with pytest.raises(Rejected, match="tells classes apart"):
        export_forms.check("coco", task="classify")


def test_an_empty_mask_and_its_word_come_back_in_every_form(filled: Services, tmp_path: Path) -> None:
    for form in FORMS:
        copied(filled, form, tmp_path / form, name=f"copy-{form}")
        assert known(filled, f"copy-{form}")["5.png"][0] == NOTHING
        assert known(filled, f"copy-{form}")["plain.png"][0] is None


def test_a_picture_written_anew_keeps_its_masks(services: Services, tmp_path: Path) -> None:
    """BMP pictures are written anew without metadata; the mask is of the same pixels."""
    tiny_masks.project(services)
    pixels, mask = tiny_masks.draw(4)
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    (tmp_path / "images" / "a.webp").write_bytes(encode.webp(pixels))
    (tmp_path / "masks" / "a.png").write_bytes(masks.encode(mask))
    imported(services, tmp_path, name="cracks")
    copied(services, "masks", tmp_path / "copy", name="copy")
    assert known(services, "copy") == known(services)
