"""Data sets of masks are recognised from their names, pictures find their masks, and nothing is left out silently."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightloop.core.errors import Rejected
from sightloop.flows import layouts
from sightloop.flows.items import Item, Layout
from sightloop.vision import masks, regions

SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]
SIZE = (4, 6)


def folder(root: Path, *names: str, **texts: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    for name, text in texts.items():
        (root / name.replace("_", ".")).write_text(text)
    return root


def looked(path: Path, task: str | None = "segment") -> Layout:
    with layouts.look(path, task=task) as layout:
        return layout


def paired(layout: Layout) -> dict[str, str | None]:
    return {item.where: item.mask for item in layout.items}


def reasons(layout: Layout) -> dict[str, str]:
    return {skip.where: skip.reason for skip in layout.skipped}


def noted(layout: Layout) -> list[str]:
    return [note.where for note in layout.notes]


def drawn(path: Path, *classes: str) -> dict[str, Any]:
    """The mask of every picture as lists, or the reason why there is none."""
    found: dict[str, Any] = {}
    with layouts.look(path, task="segment") as layout:
        for item in layout.items:
            found[item.where] = _one(layout, item, classes or ("crack",))
    return found


def _one(layout: Layout, item: Item, classes: tuple[str, ...]) -> Any:
    try:
        return layout.mask_of(item, classes=classes, size=SIZE).mask.tolist()
    except Rejected as error:
        return error.message


def square(index: int = 1) -> list[list[int]]:
    mask = np.zeros(SIZE, np.uint8)
    mask[1:3, 1:3] = index
    return mask.tolist()


def annotated(root: Path, name: str = "annotations.json", **changes: Any) -> Path:
    """Two pictures, a category called Crack with id 7, and a square on the first picture."""
    pictures = [{"id": 1, "file_name": "a.jpg", "height": 4, "width": 6}, {"id": 2, "file_name": "b.jpg"}]
    row = {"id": 5, "image_id": 1, "category_id": 7, "segmentation": [SQUARE], "iscrowd": 0}
    whole = {"images": pictures, "categories": [{"id": 7, "name": "Crack"}], "annotations": [row], **changes}
    folder(root, "images/a.jpg", "images/b.jpg")
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(json.dumps(whole))
    return root


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("images/a.jpg", "masks/a.png"),
        ("Images/a.JPG", "MASKS/A.png"),
        ("img/a.jpg", "labels/a_mask.bmp"),
        ("photos/a.jpg", "gt/a-label.png"),
        ("imgs/a.jpg", "annotations/a.jpg.png"),
        ("train/images/a.jpg", "train/masks/a.png"),
        ("images/train/a.jpg", "masks/train/a.tif"),
        ("train_img/a.jpg", "train_lab/a.png"),
        ("images/north/a.jpg", "masks/north/a.png"),
        ("set/deep/images/a.jpg", "set/deep/masks/a.png"),
        ("a.jpg", "a_mask.png"),
        ("a.jpg", "masks/a.png"),
    ],
)
def test_a_picture_finds_its_mask(tmp_path: Path, picture: str, mask: str) -> None:
    layout = looked(folder(tmp_path, picture, mask))
    assert (layout.kind, paired(layout)) == ("masks", {picture: mask})
    assert layout.skipped == ()


def test_split_folders_of_masks_keep_their_sides(tmp_path: Path) -> None:
    names = [f"{side}/{kind}/{side}.png" for side in ("train", "valid", "test") for kind in ("images", "masks")]
    layout = looked(folder(tmp_path, *names))
    assert [item.side for item in layout.items] == ["test", "train", "calibration"]


def test_equal_names_on_two_sides_find_the_mask_of_their_own_side(tmp_path: Path) -> None:
    names = ("train/images/a.png", "train/masks/a.png", "test/images/a.png", "test/masks/a.png")
    assert paired(looked(folder(tmp_path, *names))) == {names[0]: names[1], names[2]: names[3]}


def test_masks_without_a_picture_and_pictures_without_a_mask_are_named(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "images/a.jpg", "images/b.jpg", "masks/b.png", "masks/c.png"))
    assert paired(layout) == {"images/a.jpg": None, "images/b.jpg": "masks/b.png"}
    assert reasons(layout) == {"masks/c.png": "a mask without a picture of its name."}
    assert noted(layout) == ["images/a.jpg"]


def test_a_mask_that_could_be_of_two_pictures_is_of_none(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "images/a.jpg", "images/a.png", "masks/a.png"))
    assert paired(layout) == {"images/a.jpg": None, "images/a.png": None}
    assert list(reasons(layout)) == ["masks/a.png"]


def test_a_folder_of_unlabelled_pictures_beside_masks_comes_along(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "images/a.jpg", "masks/a.png", "unlabelled/b.jpg", "overlays/a.jpg"))
    assert paired(layout) == {"images/a.jpg": "masks/a.png", "unlabelled/b.jpg": None}
    assert list(reasons(layout)) == ["overlays/a.jpg"]


def test_classes_txt_names_the_indices_of_masks_and_background_is_no_class(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "images/a.jpg", "masks/a.png", classes_txt="_background_\npothole\ncrack\n"))
    assert layout.names == ("pothole", "crack")
    assert reasons(layout) == {}


def test_the_indices_of_a_data_set_become_those_of_the_project(tmp_path: Path) -> None:
    folder(tmp_path, "images/a.jpg", "masks/a.png", classes_txt="pothole\nCrack\n")
    (tmp_path / "masks/a.png").write_bytes(masks.encode(np.array(square(2), np.uint8)))
    assert drawn(tmp_path, "crack", "pothole") == {"images/a.jpg": square(1)}
    assert "class 'Crack'" in drawn(tmp_path, "pothole")["images/a.jpg"]


def test_coco_polygons_are_drawn_with_the_classes_of_the_project(tmp_path: Path) -> None:
    layout = looked(annotated(tmp_path))
    assert (layout.kind, dict(layout.classes), noted(layout)) == ("coco", {"Crack": 1}, ["images/b.jpg"])
    assert drawn(tmp_path, "pothole", "crack")["images/a.jpg"] == square(2)


@pytest.mark.parametrize("shape", ["counts", "text"])
def test_coco_run_lengths_and_crowds_are_drawn(tmp_path: Path, shape: str) -> None:
    rle = regions.to_rle(np.array(square(), bool)) if shape == "counts" else {"size": [4, 6], "counts": "52NN2OO?"}
    if shape == "text":
        rle["counts"] = _compressed(regions.to_rle(np.array(square(), bool))["counts"])
    row = {"id": 1, "image_id": 1, "category_id": 7, "segmentation": rle, "iscrowd": 1}
    assert drawn(annotated(tmp_path, annotations=[row]))["images/a.jpg"] == square()


def _compressed(counts: list[int]) -> str:
    """Run lengths as pycocotools writes them."""
    text = ""
    for at, count in enumerate(counts):
        rest, more = count - (counts[at - 2] if at > 2 else 0), True
        while more:
            bits, rest = rest & 31, rest >> 5
            more = rest != (-1 if bits & 16 else 0)
            text += chr(48 + bits + (32 if more else 0))
    return text


def test_overlapping_polygons_of_one_annotation_are_one_region(tmp_path: Path) -> None:
    row = {"id": 1, "image_id": 1, "category_id": 7, "segmentation": [SQUARE, SQUARE]}
    assert drawn(annotated(tmp_path, annotations=[row]))["images/a.jpg"] == square()


def test_bad_coco_rows_are_named_and_cost_only_themselves(tmp_path: Path) -> None:
    shapes: list[Any] = [[SQUARE], [[1, 2]], "nonsense", None, [["x"] * 6], {"size": [9, 9], "counts": [81]}]
    rows = [{"id": at, "image_id": 1, "category_id": 7, "segmentation": one} for at, one in enumerate(shapes)]
    rows += [{"id": 8, "image_id": 1, "category_id": 99, "segmentation": [SQUARE]}, {"id": 9, "bbox": [1, 2, 3, 4]}]
    rows += [{"id": 10, "image_id": 3, "category_id": 7, "segmentation": [SQUARE]}]
    with layouts.look(annotated(tmp_path, annotations=rows), task="segment") as layout:
        found = layout.mask_of(layout.items[0], classes=("crack",), size=SIZE)
    assert found.mask.tolist() == square()
    assert found.note is not None
    assert found.note.startswith("6 of 7 rows left out. Annotation 1: 2 numbers make no outline.")
    assert [skip.where for skip in layout.skipped] == ["annotations.json"] * 2


def test_a_picture_of_which_no_row_can_be_read_has_no_mask(tmp_path: Path) -> None:
    rows = [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 1, 2, 2]}]
    found = drawn(annotated(tmp_path, annotations=rows))["images/a.jpg"]
    assert found == "no row can be read. Annotation 1: a box is no outline."


def test_annotations_for_another_size_are_refused(tmp_path: Path) -> None:
    annotated(tmp_path, images=[{"id": 1, "file_name": "a.jpg", "height": 8, "width": 12}])
    assert drawn(tmp_path)["images/a.jpg"] == "annotated as 12 × 8, the picture has 6 × 4 pixels."


def test_coco_files_per_split_tell_the_sides(tmp_path: Path) -> None:
    first, second = ([{"id": 1, "file_name": name}] for name in ("a.jpg", "b.jpg"))
    annotated(tmp_path, "annotations/instances_train2017.json", images=first)
    annotated(tmp_path, "annotations/instances_val2017.json", images=second, categories=[{"id": 7, "name": "crack"}])
    layout = looked(tmp_path)
    assert {item.where: item.side for item in layout.items} == {"images/a.jpg": "train", "images/b.jpg": "calibration"}
    assert layout.names == ("Crack",)


def test_a_missing_picture_and_one_nobody_lists_are_named(tmp_path: Path) -> None:
    folder(tmp_path, "images/c.jpg")
    pictures = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "gone.jpg"}]
    layout = looked(annotated(tmp_path, images=pictures))
    assert reasons(layout) == {
        "gone.jpg": "annotations.json: the file is missing.",
        "images/b.jpg": "no annotation file lists it.",
        "images/c.jpg": "no annotation file lists it.",
    }


def test_broken_json_is_named_and_the_pictures_come_without_labels(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "a.jpg", annotations_json='{"images": ['))
    assert (layout.kind, paired(layout)) == ("flat", {"a.jpg": None})
    assert reasons(layout)["annotations.json"].startswith("no readable JSON")


YAMLS = (
    "train: images/train\nnames: [pothole, 'crack']\n",
    'names:\n  0: pothole  # first\n  1: "crack"\nnc: 2\n',
    "names:\n- pothole\n- crack\nval: x\n",
    "names: {0: pothole, 1: crack}",
)


@pytest.mark.parametrize("yaml", YAMLS)
def test_yolo_outlines_are_drawn_with_the_names_of_data_yaml(tmp_path: Path, yaml: str) -> None:
    folder(tmp_path, "images/train/a.jpg", "labels/train/a.txt", data_yaml=yaml)
    (tmp_path / "labels/train/a.txt").write_text("1 0.16667 0.25 0.5 0.25 0.5 0.75 0.16667 0.75\n")
    layout = looked(tmp_path)
    assert (layout.kind, layout.used, layout.items[0].side) == ("yolo", ("crack",), "train")
    assert reasons(layout) == {}
    assert drawn(tmp_path, "crack")["images/train/a.jpg"] == square(1)


def test_an_empty_outline_file_says_that_there_is_nothing(tmp_path: Path) -> None:
    folder(tmp_path, "images/a.jpg", "images/b.jpg", "labels/a.txt")
    (tmp_path / "labels/a.txt").write_text("")
    assert drawn(tmp_path)["images/a.jpg"] == np.zeros(SIZE, int).tolist()
    assert noted(looked(tmp_path)) == ["images/b.jpg"]


def test_bad_yolo_lines_are_named(tmp_path: Path) -> None:
    folder(tmp_path, "images/a.jpg", "labels/a.txt")
    (tmp_path / "labels/a.txt").write_text("0 0.5 0.5 0.1 0.1\nx y\n3 0 0 0 1 1 1\n0 nan 0 0 1 1 1\n")
    assert drawn(tmp_path)["images/a.jpg"] == (
        "no row can be read. Line 1: a box is no outline. Line 2: 'x y' is no outline. Line 3: class 3 has no name. "
        "Line 4: an outline has a number that is none."
    )


def test_a_listing_may_name_masks_of_any_kind(tmp_path: Path) -> None:
    rows = ["filepath,mask,label,split", "a.jpg,m/a.png,,test", "b.jpg,m/b.txt,,", "c.jpg,,nothing,", "d.jpg,,crack,"]
    names = ("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "m/a.png", "m/b.txt")
    layout = looked(folder(tmp_path, *names, list_csv="\n".join([*rows, "e.jpg,m/gone.png,crack,\n"])))
    assert [item.mask for item in layout.items] == ["m/a.png", "m/b.txt", None, None, None]
    assert [layout.has_mask(item) for item in layout.items] == [True, True, True, False, False]
    assert reasons(layout) == {"m/gone.png": "the mask of e.jpg is missing."}
    assert noted(layout) == ["d.jpg", "e.jpg"]


def test_a_listed_mask_cannot_lie_outside(tmp_path: Path) -> None:
    folder(tmp_path / "set", "a.jpg", list_csv="filepath,mask\na.jpg,../secret.png\n")
    layout = looked(tmp_path / "set" / "list.csv")
    assert paired(layout) == {"a.jpg": None}
    assert reasons(layout) == {"../secret.png": "the mask of a.jpg is missing."}


@pytest.mark.parametrize("names", [("images/a.jpg", "masks/a.png"), ("images/a.jpg", "labels/a.txt")])
def test_a_project_of_classes_refuses_masks(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(Rejected, match="data set of masks"):
        looked(folder(tmp_path, *names), "classify")


def test_a_project_of_classes_refuses_coco_and_listed_masks(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="data set of masks"):
        looked(annotated(tmp_path / "coco"), "classify")
    text = "filepath,label,mask\na.jpg,crack,a.png\n"
    with pytest.raises(Rejected, match="data set of masks"):
        looked(folder(tmp_path / "list", "a.jpg", "a.png", list_csv=text), "classify")


def test_a_class_called_mask_is_a_class(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "mask/a.jpg", "no_mask/a.jpg"), "classify")
    assert dict(layout.classes) == {"mask": 1, "no_mask": 1}


def test_a_project_of_masks_refuses_class_folders(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"pictures by class \(crack, fine\)"):
        looked(folder(tmp_path, "crack/a.jpg", "fine/b.jpg"))


def test_a_project_of_masks_takes_a_folder_of_pictures(tmp_path: Path) -> None:
    assert paired(looked(folder(tmp_path, "a.jpg", "b.png"))) == {"a.jpg": None, "b.png": None}


def test_a_table_without_masks_does_not_hide_the_folder_of_masks(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "images/a.jpg", "masks/a.png", list_csv="filepath,label\nimages/a.jpg,crack\n"))
    assert (layout.kind, paired(layout)) == ("masks", {"images/a.jpg": "masks/a.png"})


def test_a_small_mask_without_anything_in_it_is_no_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("images/a.jpg", np.random.default_rng(0).bytes(20_000))
        file.writestr("masks/a.bmp", bytes(600_000))
    assert paired(looked(tmp_path / "set.zip")) == {"images/a.jpg": "masks/a.bmp"}
