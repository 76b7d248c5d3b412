"""The Attention U-Net without a calibration side, with two classes, on a timm backbone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from sightloop import bundles, families
from sightloop.bundles import format as bundle_format
from sightloop.core.entities import TrainingSet
from sightloop.vision import masks
from tests.families.masked import SMALL, drawn, examples, train


def test_without_calibration_pictures_it_cuts_at_a_half_and_says_so(lines: TrainingSet, tmp_path: Path) -> None:
    out = train({**SMALL, "epochs": 1}, replace(lines, calibration=()), tmp_path)
    assert out["metrics"]["calibration"] == {}
    assert out["metrics"]["thresholds"] == {"crack": 0.5}
    assert "dice" not in out["history"][0]
    assert "No calibration side" in (tmp_path / "bundle" / "card.md").read_text()


def test_two_classes_are_learnt_each_in_its_own_plane(tmp_path: Path) -> None:
    both = []
    for example in examples(tmp_path, count=12, seed=0, empty_every=100):
        path, index = Path(example.mask or ""), 1 + int(example.image_id) % 2
        path.write_bytes(masks.encode(masks.decode(path.read_bytes()) * np.uint8(index)))
        both.append(example)
    data = TrainingSet(("crack", "rust"), tuple(both), tuple(both[:4]))
    out = train({**SMALL, "epochs": 1}, data, tmp_path)
    assert set(out["metrics"]["thresholds"]) == {"crack", "rust"}
    assert bundles.load(tmp_path / "bundle").predict([drawn(seed=1)[0]]).maps[0].shape == (2, 56, 72)


def test_a_timm_backbone_gives_the_features_and_its_plan_counts_them(lines: TrainingSet, tmp_path: Path) -> None:
    values = {**SMALL, "backbone": "mobilenetv3_small_050", "epochs": 1, "decoder": 4, "pad_type": "same"}
    out = train(values, lines, tmp_path)
    manifest = bundle_format.read(tmp_path / "bundle")
    assert (manifest.params["multiple"], manifest.params["pad_type"]) == (32, "same")
    assert out["metrics"]["onnx_gap"] < 1e-3
    plan = families.plan("attention_unet", {"train": 20}, families.params("attention_unet", values), weights=tmp_path)
    assert plan["parameters"]["none"]["total"] == out["parameters"]["total"]
    assert plan["seconds"]["total"] > 0
