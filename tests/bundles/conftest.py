"""A small real bundle, made without torch: three classes, told apart by the mean colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from sightloop.bundles import card, reference
from sightloop.bundles import format as bundle_format
from sightloop.bundles.format import Input, Manifest

CLASSES = ("red", "green", "blue")


def manifest() -> Manifest:
    return Manifest(
        task="classify",
        classes=CLASSES,
        input=Input(16, "crop", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        family="linear",
        backbone="mean_colour",
        temperature=2.0,
        metrics={"pictures": {"train": 30, "calibration": 20}},
        snapshot="abc",
        created_at=1_700_000_000.0,
    )


def write_model(path: Path) -> None:
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 16, 16])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3]) for name in ("logits", "embedding")]
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("LpNormalization", ["flat"], ["embedding"], axis=1, p=2),
        helper.make_node("MatMul", ["embedding", "weight"], ["logits"]),
    ]
    weight = numpy_helper.from_array(10 * np.eye(3, dtype=np.float32), "weight")
    graph = helper.make_graph(nodes, "colours", [image], outputs, [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The folder of a complete, valid bundle."""
    folder = tmp_path / "made"
    folder.mkdir()
    write_model(folder / "model.onnx")
    rng = np.random.default_rng(0)
    points = np.repeat(np.eye(3), 20, axis=0) + rng.normal(0, 0.05, (60, 3))
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    arrays = reference.build(
        points[::2], [0] * 10 + [1] * 10 + [2] * 10, held_out=points[1::2], probabilities=np.full((30, 3), 1 / 3)
    )
    reference.save(folder / "reference.npz", arrays)
    (folder / "card.md").write_text(card.write(manifest()))
    bundle_format.write(folder, manifest())
    return folder
