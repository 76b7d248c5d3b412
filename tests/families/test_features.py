"""The feature cache: the numbers of the frozen part, kept through interruptions, keyed by content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sightloop.bundles.format import Input
from sightloop.core.entities import Progress, TrainingSet
from sightloop.core.errors import Cancelled
from sightloop.core.ports import Report
from sightloop.families import features
from sightloop.families.data import Pictures, changes
from sightloop.families.features import Features, Front
from sightloop.families.parameters import TransferParams

SPEC = Input(32, "squash", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def _front(precision: str = "fp32") -> Front:
    torch.manual_seed(0)
    return Front(nn.Conv2d(3, 5, 8, stride=8).eval(), precision, channels_last=True)


def _pictures(data: TrainingSet, seed: int = 0) -> Pictures:
    return Pictures(data.train, SPEC, changes=changes(TransferParams()), seed=seed)


def _built(data: TrainingSet, folder: Path, report: Report = lambda _: None, key: str = "k", seed: int = 0) -> Features:
    return features.build(
        _front(), _pictures(data, seed), views=3, folder=folder, key=key, batch=8, report=report
    )  # fmt: skip


def test_cached_features_are_what_the_front_computes(data: TrainingSet, tmp_path: Path) -> None:
    cached = _built(data, tmp_path)
    for view, index in ((0, 4), (1, 4), (2, 5)):
        row = 0 if view == 0 else (view + index) % 3
        expected = _front()(_pictures(data).batch([index], view=row))
        assert torch.allclose(cached.batch([index], view=view), expected, atol=2e-3)


def test_each_epoch_meets_another_view_of_a_picture(data: TrainingSet, tmp_path: Path) -> None:
    cached = _built(data, tmp_path)
    seen = [cached.batch([7], view=epoch).numpy().tobytes() for epoch in (1, 2, 3, 4)]
    assert len(set(seen)) == 3
    assert seen[0] == seen[3]


def test_an_interrupted_build_goes_on_and_ends_the_same(
    data: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "SYNC_SECONDS", 0.0)
    done: list[float] = []

    def stop_midway(progress: Progress) -> None:
        if progress.done >= 50:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        _built(data, tmp_path / "a", stop_midway)
    resumed = _built(data, tmp_path / "a", lambda progress: done.append(progress.done))
    whole = _built(data, tmp_path / "b")
    assert min(done) > 50
    assert torch.equal(resumed.batch(range(36), view=1), whole.batch(range(36), view=1))


def test_a_finished_cache_is_not_computed_again(data: TrainingSet, tmp_path: Path) -> None:
    done: list[Progress] = []
    _built(data, tmp_path)
    _built(data, tmp_path, done.append)
    assert done == []


def test_another_seed_key_or_picture_is_another_cache(data: TrainingSet, tmp_path: Path) -> None:
    _built(data, tmp_path)
    _built(data, tmp_path, key="other")
    _built(data, tmp_path, seed=1)
    fewer = TrainingSet(data.classes, data.train[:-1], ())
    _built(fewer, tmp_path)
    assert len(list(tmp_path.glob("*.bin"))) == 4


def test_bf16_features_keep_their_bits(data: TrainingSet, tmp_path: Path) -> None:
    front = _front("bf16")
    cached = features.build(front, _pictures(data), views=1, folder=tmp_path, key="k", batch=8, report=lambda _: None)
    expected = front(_pictures(data).batch([2], view=0))
    assert cached.batch([2], view=0).dtype == torch.bfloat16
    assert np.array_equal(cached.batch([2], view=0).float().numpy(), expected.float().numpy())
