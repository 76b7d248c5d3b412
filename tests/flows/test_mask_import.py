"""Importing masks: each is drawn once and kept exactly, a refused one costs only itself, and nothing is lost."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sightloop.core.arrays import Mask
from sightloop.core.entities import NOTHING, Image, Json, Progress
from sightloop.core.errors import Rejected
from sightloop.flows import correct, drawing, examining, import_plan, importing
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.vision import encode, masks
from tests import tiny_masks


def quiet(progress: Progress) -> None:
    del progress


def imported(services: Services, path: Path, *, name: str = "cracks", new_classes: bool = False) -> Json:
    job = importing.start(services, user=OPERATOR, name=name, path=path, new_classes=new_classes)
    return dict(importing.run(services, job, quiet)["import"])


def planned(services: Services, path: Path, *, name: str = "cracks") -> Json:
    return import_plan.plan(project_for(services, user=OPERATOR, name=name, action="view"), path)


def stored(services: Services, *, name: str = "cracks") -> dict[str, Image]:
    with services.db.connect() as db:
        found = project_for(services, user=OPERATOR, name=name, action="view")
        return {image.name: image for image in images.stream(db, found.id)}


def mask_of(services: Services, name: str) -> Mask:
    found = drawing.human_mask(services, stored(services)[name])
    assert found is not None
    return found


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture(autouse=True)
def cracks(services: Services) -> None:
    tiny_masks.project(services)


def test_masks_are_stored_exactly_and_an_empty_one_says_nothing(services: Services, tmp_path: Path) -> None:
    found = imported(services, tiny_masks.folder(tmp_path / "set"))
    assert (found["layout"], found["stored"], found["masks"], found["skipped_count"]) == ("masks", 6, 6, 0)
    assert found["classes"] == {"crack": 5, NOTHING: 1}
    assert [image.label for image in stored(services).values()].count("crack") == 5
    assert (stored(services)["5.png"].label, stored(services)["5.png"].mask) == (NOTHING, None)
    assert np.array_equal(mask_of(services, "2.png"), tiny_masks.draw(2)[1])
    assert stored(services)["2.png"].verified


def test_the_plan_says_layout_pictures_and_masks_without_opening_one(services: Services, tmp_path: Path) -> None:
    tiny_masks.folder(tmp_path / "set", 3)
    put(tmp_path / "set/images/7.png", b"")
    put(tmp_path / "set/masks/8.png", b"")
    found = planned(services, tmp_path / "set")
    assert (found["layout"], found["pictures"], found["masks"], found["labelled"]) == ("masks", 4, 3, 3)
    assert found["classes"] == {}
    assert "once they are read" in found["classes_note"]
    assert found["notes"] == [{"path": "images/7.png", "reason": "has no mask, so it comes without a label."}]
    assert [skip["path"] for skip in found["skipped"]] == ["masks/8.png"]
    assert stored(services) == {}


def test_refused_masks_are_named_and_their_pictures_come_without_a_label(services: Services, tmp_path: Path) -> None:
    root = tiny_masks.folder(tmp_path / "set", 5)
    put(root / "masks/0.png", b"")
    put(root / "masks/1.png", tiny_masks.mask_png(1, width=80))
    put(root / "masks/2.png", tiny_masks.mask_png(2)[:60])
    put(root / "masks/9.png", tiny_masks.mask_png(9))
    found = imported(services, root)
    assert (found["stored"], found["failed"], found["masks"]) == (5, 0, 2)
    reasons = {skip["path"]: skip["reason"] for skip in found["skipped"]}
    assert sorted(reasons) == ["masks/0.png", "masks/1.png", "masks/2.png", "masks/9.png"]
    assert reasons["masks/1.png"].startswith("mask is 80 × 48, its picture 64 × 48 pixels. Its picture images/1.png")
    assert [stored(services)[f"{at}.png"].label for at in range(5)] == [None, None, None, "crack", NOTHING]


def test_grey_edges_are_cut_at_half_and_reported(services: Services, tmp_path: Path) -> None:
    root = tiny_masks.folder(tmp_path / "set", 2)
    edge = tiny_masks.draw(0)[1] * np.uint8(255)
    edge[0, :4] = (100, 127, 128, 200)
    put(root / "masks/0.png", encode.png(np.dstack([edge] * 3)))
    found = imported(services, root)
    assert [(note["path"], note["reason"][:13]) for note in found["notes"]] == [("masks/0.png", "4 grey pixels")]
    assert mask_of(services, "0.png")[0, :4].tolist() == [0, 0, 1, 1]


def test_a_broken_picture_fails_alone_and_its_mask_is_not_kept(services: Services, tmp_path: Path) -> None:
    root = tiny_masks.folder(tmp_path / "set", 3)
    put(root / "images/0.png", tiny_masks.picture(0)[:100])
    found = imported(services, root)
    assert (found["stored"], found["failed"], found["masks"]) == (2, 1, 2)
    assert found["failures"][0]["path"] == "images/0.png"


def test_a_known_picture_gets_its_mask_and_a_word_that_stands_is_kept(services: Services, tmp_path: Path) -> None:
    for seed in (0, 1):
        put(tmp_path / f"plain/{seed}.png", tiny_masks.picture(seed))
    imported(services, tmp_path / "plain")
    correct.correct(services, user=OPERATOR, image_id=stored(services)["1.png"].id, value=NOTHING, revision=None)
    found = imported(services, tiny_masks.folder(tmp_path / "set", 3))
    assert (found["stored"], found["duplicate"]) == (1, 2)
    assert np.array_equal(mask_of(services, "0.png"), tiny_masks.draw(0)[1])
    assert stored(services)["1.png"].label == NOTHING


def test_a_live_model_is_compared_with_the_masks_that_come(services: Services, tmp_path: Path) -> None:
    put(tmp_path / "plain/0.png", tiny_masks.picture(0))
    imported(services, tmp_path / "plain")
    tiny_masks.adopt(services, tmp_path)
    root = tiny_masks.folder(tmp_path / "set", 4)
    put(root / "masks/1.png", tiny_masks.mask_png(3))
    imported(services, root)
    found = {name: image.agreement for name, image in stored(services).items()}
    assert found["2.png"] == 1.0
    assert found["1.png"] is not None
    assert found["1.png"] < 1
    assert not stored(services)["1.png"].corrected


def test_the_same_import_again_changes_nothing(services: Services, tmp_path: Path) -> None:
    root = tiny_masks.folder(tmp_path / "set", 3)
    imported(services, root)
    before = stored(services)
    found = imported(services, root)
    assert (found["stored"], found["duplicate"]) == (0, 3)
    after = {
        name: dataclasses.replace(image, revision=before[name].revision) for name, image in stored(services).items()
    }
    assert after == before


def test_new_classes_of_annotations_are_asked_about(services: Services, tmp_path: Path) -> None:
    put(tmp_path / "set/images/0.png", tiny_masks.picture(0))
    put(tmp_path / "set/labels/0.txt", b"1 0.1 0.1 0.5 0.1 0.5 0.5\n")
    put(tmp_path / "set/data.yaml", b"names: [Crack, pothole, manhole]\n")
    found = planned(services, tmp_path / "set")
    assert (found["layout"], found["classes"], found["new_classes"]) == ("yolo", {"pothole": 1}, ["pothole"])
    with pytest.raises(Rejected, match="pothole"):
        imported(services, tmp_path / "set")
    imported(services, tmp_path / "set", new_classes=True)
    assert stored(services)["0.png"].label == "pothole"
    assert set(np.unique(mask_of(services, "0.png"))) == {0, 2}


def test_an_index_that_the_project_has_no_class_for_is_refused(services: Services, tmp_path: Path) -> None:
    root = tiny_masks.folder(tmp_path / "set", 2)
    put(root / "masks/0.png", masks.encode(np.full((48, 64), 2, np.uint8)))
    put(root / "classes.txt", b"crack\n")
    found = imported(services, root)
    assert [skip["path"] for skip in found["skipped"]] == ["masks/0.png"]
    assert stored(services)["0.png"].label is None


def test_a_look_at_a_folder_counts_masks_and_names_the_bad_ones(tmp_path: Path) -> None:
    root = tiny_masks.folder(tmp_path / "set", 4)
    put(root / "masks/0.png", b"")
    found = examining.examine(root, report=quiet)
    assert (found["layout"], found["pictures"], found["masks"], found["empty"]) == ("masks", 4, 3, 1)
    assert [bad["path"] for bad in found["unreadable"]] == ["masks/0.png"]


def test_a_look_understands_masks_of_indices(tmp_path: Path) -> None:
    root = tiny_masks.folder(tmp_path / "set", 2)
    put(root / "masks/0.png", masks.encode(tiny_masks.draw(0)[1] * np.uint8(3)))
    assert examining.examine(root, report=quiet)["masks"] == 2


@pytest.mark.parametrize(("name", "labelled"), [("crack_cfd", 72), ("crack_deepcrack", 299), ("crack_crack500", 284)])
def test_real_cracks_are_recognised(shared: Path, services: Services, name: str, labelled: int) -> None:
    found = planned(services, shared / "data" / name)
    assert (found["layout"], found["masks"], found["labelled"]) == ("masks", labelled, labelled)
