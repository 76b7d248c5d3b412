"""Writing sample sets: layout, repeatability, masks, progress, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sightloop.core.entities import Progress
from sightloop.core.errors import Rejected
from sightloop.samples import cracks, eyes, specimens
from sightloop.samples.write import picture_seed, write_set
from sightloop.vision.decode import decode


def test_specimens_are_written_into_a_folder_per_class(tmp_path: Path) -> None:
    paths = write_set("specimens", tmp_path, count_per_class=2, size=40)
    assert len(paths) == 20
    assert sorted(folder.name for folder in tmp_path.iterdir()) == sorted(specimens.CLASSES)
    assert decode(paths[0].read_bytes()).shape == (40, 40, 3)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    sets = [
        write_set("eyes", tmp_path / str(turn), count_per_class=2, seed=seed, size=40)
        for turn, seed in enumerate((1, 1, 2))
    ]
    first, again, other = ([path.read_bytes() for path in paths] for paths in sets)
    assert first == again
    assert not set(first) & set(other)


def test_every_crack_picture_has_its_mask_and_every_tenth_an_empty_one(tmp_path: Path) -> None:
    paths = write_set("cracks", tmp_path, count_per_class=10, size=48)
    masks = [decode((tmp_path / "masks" / f"{path.stem}.png").read_bytes())[..., 0] for path in paths]
    assert all(set(np.unique(mask)) <= {0, 255} for mask in masks)
    assert not masks[9].any()
    expected = cracks.draw(seed=picture_seed(0, 0), size=48)[1]
    np.testing.assert_array_equal(masks[0] // 255, expected)


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    seen: list[Progress] = []
    write_set("eyes", tmp_path, count_per_class=2, size=32, report=seen.append)
    assert [progress.done for progress in seen] == [1, 2, 3, 4]
    assert seen[-1].total == len(eyes.CLASSES) * 2


@pytest.mark.parametrize(("kind", "count"), [("dragons", 1), ("eyes", 0)])
def test_a_wrong_kind_or_count_is_refused_before_anything_is_written(tmp_path: Path, kind: str, count: int) -> None:
    with pytest.raises(Rejected):
        write_set(kind, tmp_path / "new", count_per_class=count)
    assert not (tmp_path / "new").exists()
