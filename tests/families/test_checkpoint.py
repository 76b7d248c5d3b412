"""Checkpoints: two kept, damaged ones passed over, strangers' ignored."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sightloop.families import checkpoint


def _save(folder: Path, *epochs: int) -> None:
    for epoch in epochs:
        checkpoint.save(folder, epoch, {"key": "k", "epoch": epoch, "weight": torch.full((3,), float(epoch))})


def test_the_newest_is_found_and_only_two_are_kept(tmp_path: Path) -> None:
    _save(tmp_path, 1, 2, 3)
    found = checkpoint.latest(tmp_path, key="k")
    assert found is not None
    assert found["weight"].tolist() == [3, 3, 3]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("harm", ["flip", "cut", "empty"])
def test_a_damaged_one_is_passed_over_for_the_one_before(tmp_path: Path, harm: str) -> None:
    _save(tmp_path, 1, 2)
    newest = tmp_path / "checkpoint-000002.pt"
    data = bytearray(newest.read_bytes())
    data[-10] ^= 1
    newest.write_bytes({"flip": bytes(data), "cut": bytes(data[:200]), "empty": b""}[harm])
    found = checkpoint.latest(tmp_path, key="k")
    assert found is not None
    assert found["epoch"] == 1


def test_a_checkpoint_of_another_training_is_ignored(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    assert checkpoint.latest(tmp_path, key="other") is None
