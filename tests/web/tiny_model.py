"""A real bundle so small that a test can make it: it tells red pictures from blue ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sightloop.bundles import format as bundle_format
from sightloop.core.entities import ModelVersion, Project
from sightloop.flows.services import Services
from sightloop.store import projects, versions

WEIGHTS = np.array([[8, -8], [0, 0], [-8, 8]], dtype=np.float32)


def put_live(services: Services, project: Project, folder: Path) -> ModelVersion:
    """Register the bundle as a version of the project and put it live."""
    folder.mkdir()
    onnx.save(_graph(), folder / "model.onnx")
    shape = bundle_format.Input(16, "squash", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    manifest = bundle_format.Manifest("classify", ("red", "blue"), shape, family="linear", backbone="none")
    bundle_format.write(folder, manifest)
    packed = services.blobs.incoming / "tiny.bundle"
    bundle = bundle_format.pack(folder, packed)
    services.blobs.adopt(packed, bundle)
    with services.db.begin() as db:
        version = versions.add(db, project.id, bundle=bundle, family="linear", params={}, metrics={})
        projects.set_live(db, project.id, version_id=version.id, by=None, action="promote", reason="test")
    return version


def _graph() -> onnx.ModelProto:
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 16, 16])
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2]),
        helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 3]),
    ]
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"]),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        helper.make_node("LpNormalization", ["mean"], ["embedding"], axis=1, p=2),
    ]
    weights = [numpy_helper.from_array(WEIGHTS, "weights")]
    graph = helper.make_graph(nodes, "tiny", [pixels], outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
