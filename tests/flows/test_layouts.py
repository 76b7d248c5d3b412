"""The documented layouts are recognised from paths alone, and nothing is left out silently."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from sightloop.core.errors import Missing, Rejected
from sightloop.flows import layouts
from sightloop.flows.layouts import Layout


def folder(root: Path, *names: str, **texts: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    for name, text in texts.items():
        (root / name.replace("_", ".")).write_text(text)
    return root


def looked(path: Path) -> Layout:
    with layouts.look(path) as layout:
        return layout


def placed(layout: Layout) -> dict[str, tuple[str | None, str | None]]:
    return {item.where: (item.label, item.side) for item in layout.items}


def reasons(layout: Layout) -> dict[str, str]:
    return {skip.where: skip.reason for skip in layout.skipped}


def test_class_folders_give_labels_and_no_sides(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "cat/1.jpg", "dog/1.PNG", "dog/deep/2.tiff"))
    assert placed(layout) == {
        "cat/1.jpg": ("cat", None),
        "dog/1.PNG": ("dog", None),
        "dog/deep/2.tiff": ("dog", None),
    }
    assert layout.kind == "classes"


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val"])
def test_split_folders_keep_their_sides_and_every_validation_is_calibration(tmp_path: Path, name: str) -> None:
    layout = looked(folder(tmp_path, "train/cat/1.jpg", f"{name}/cat/2.jpg", "test/dog/3.jpg"))
    assert placed(layout)["train/cat/1.jpg"] == ("cat", "train")
    assert placed(layout)[f"{name}/cat/2.jpg"] == ("cat", "calibration")
    assert placed(layout)["test/dog/3.jpg"] == ("dog", "test")


def test_one_folder_around_everything_is_looked_through(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "set/inner/train/cat/1.jpg", "set/inner/test/cat/2.jpg", "set/readme.txt"))
    assert placed(layout)["set/inner/test/cat/2.jpg"] == ("cat", "test")
    assert reasons(layout) == {"set/readme.txt": "not a picture."}


def test_a_class_called_test_beside_other_classes_is_a_class(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "cat/1.jpg", "test/2.jpg"))
    assert placed(layout) == {"cat/1.jpg": ("cat", None), "test/2.jpg": ("test", None)}


def test_a_flat_folder_is_a_set_without_labels(tmp_path: Path) -> None:
    assert placed(looked(folder(tmp_path, "1.jpg", "2.webp"))) == {"1.jpg": (None, None), "2.webp": (None, None)}


def test_an_unknown_folder_gives_no_label(tmp_path: Path) -> None:
    layout = looked(folder(tmp_path, "cat/1.jpg", "unknown/2.jpg"))
    assert placed(layout)["unknown/2.jpg"] == (None, None)


def test_every_file_left_out_is_reported_with_its_reason(tmp_path: Path) -> None:
    names = ("cat/1.jpg", "cat/.hidden.jpg", "__MACOSX/cat/._1.jpg", "cat/Thumbs.db", "SOURCE.txt", "cat/notes.md")
    layout = looked(folder(tmp_path, *names, "loose.jpg"))
    assert reasons(layout) == {
        "cat/.hidden.jpg": "a hidden file.",
        "__MACOSX/cat/._1.jpg": "an Apple resource file.",
        "cat/Thumbs.db": "a system file or note.",
        "SOURCE.txt": "a system file or note.",
        "cat/notes.md": "not a picture.",
        "loose.jpg": "lies beside the class folders, so it has no class.",
    }


def test_a_zip_of_a_folder_reads_like_the_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as file:
        file.writestr("set/cat/1.jpg", b"one")
        file.writestr("set/dog/1.jpg", b"two")
    with layouts.look(tmp_path / "set.zip") as layout:
        assert layout.classes == {"cat": 1, "dog": 1}
        assert layout.read("set/dog/1.jpg") == b"two"


def test_a_csv_places_pictures_beside_it(tmp_path: Path) -> None:
    text = "filepath,label,split,site\npics/1.jpg,cat,val,north\npics/2.jpg,,,\n"
    layout = looked(folder(tmp_path, "pics/1.jpg", "pics/2.jpg", list_csv=text) / "list.csv")
    assert placed(layout) == {"pics/1.jpg": ("cat", "calibration"), "pics/2.jpg": (None, None)}
    assert [item.site for item in layout.items] == ["north", None]


def test_jsonl_and_other_column_names_are_read(tmp_path: Path) -> None:
    rows = [{"path": "1.jpg", "class": "cat", "side": "none"}, {"path": "2.jpg", "class": "dog"}]
    text = "\n".join(json.dumps(row) for row in rows) + "\nnonsense\n"
    layout = looked(folder(tmp_path, "1.jpg", "2.jpg", list_jsonl=text) / "list.jsonl")
    assert placed(layout) == {"1.jpg": ("cat", "none"), "2.jpg": ("dog", None)}
    assert reasons(layout) == {"list.jsonl": "line 3: no readable filepath."}


def test_a_dataset_csv_inside_the_folder_wins_over_folder_names(tmp_path: Path) -> None:
    text = "filepath;label;split\nx/1.jpg;cat;test\nx/9.jpg;cat;test\n"
    layout = looked(folder(tmp_path, "set/x/1.jpg", "set/x/2.jpg"))
    assert layout.kind == "classes"
    (tmp_path / "set/dataset.csv").write_text("\ufeff" + text)
    layout = looked(tmp_path)
    assert placed(layout) == {"set/x/1.jpg": ("cat", "test")}
    assert reasons(layout)["set/x/2.jpg"] == "not listed in set/dataset.csv."
    assert reasons(layout)["set/x/9.jpg"] == "set/dataset.csv line 3: the file is missing."


@pytest.mark.parametrize("path", ["../secret.jpg", "/etc/passwd.jpg", "a/../../b.jpg"])
def test_a_listing_cannot_reach_outside_its_folder(tmp_path: Path, path: str) -> None:
    inner = folder(tmp_path / "set", "1.jpg", list_csv=f"filepath,label\n1.jpg,cat\n{path},cat\n")
    assert list(reasons(looked(inner / "list.csv")).values()) == ["list.csv line 3: its path leads out of the folder."]


def test_an_unknown_split_word_is_reported_not_guessed(tmp_path: Path) -> None:
    text = "filepath,label,split\n1.jpg,cat,dev\n2.jpg,cat,test\n"
    layout = looked(folder(tmp_path, "1.jpg", "2.jpg", list_csv=text) / "list.csv")
    assert reasons(layout) == {"1.jpg": "list.csv line 2: unknown split 'dev'."}


def test_masks_belong_to_a_project_that_segments(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="masks"):
        looked(folder(tmp_path, "images/1.jpg", "masks/1.png"))


def test_a_path_without_pictures_says_what_was_there(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="1 × not a picture"):
        looked(folder(tmp_path, "notes.txt"))


def test_an_absent_path_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        looked(tmp_path / "nowhere")
