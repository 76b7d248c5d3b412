"""Small real things for tests: noisy pictures of one colour, a model that tells them apart, a job carried out here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sightloop.bundles import format as bundle_format
from sightloop.bundles.format import Input, Manifest
from sightloop.core.entities import Job
from sightloop.flows import jobs
from sightloop.flows.access import OPERATOR
from sightloop.flows.carry import Reporter, carry
from sightloop.flows.services import Services
from sightloop.vision import encode

COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 200)}
SIZE = 16


def picture(colour: str = "red", *, seed: int = 0, width: int = 64, height: int = 48) -> bytes:
    """The bytes of a noisy JPEG of one colour; the same seed gives the same bytes."""
    rng = np.random.default_rng([seed, *map(ord, colour)])
    coarse = rng.normal(0, 30, (height // 8, width // 8, 3)).repeat(8, 0).repeat(8, 1)
    return encode.jpeg(np.clip(np.array(COLOURS[colour]) + coarse, 0, 255).astype(np.uint8), quality=90)


def run(services: Services, job: Job) -> Job:
    """Carry `job` to its end in this process and return it."""
    claimed = jobs.claim(services, worker="test", job_id=job.id)
    assert claimed is not None
    carry(services, claimed, report=Reporter(services, claimed, lease=60, stopping=lambda: False))
    return jobs.show(services, user=OPERATOR, job_id=job.id)


def bundle(folder: Path, classes: tuple[str, ...] = tuple(COLOURS), *, sharpness: float = 8.0) -> Path:
    """Write a bundle that answers with the colour the picture's mean is most like; the embedding has 3 numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_graph(classes, sharpness), folder / "model.onnx")
    (folder / "card.md").write_text("# A tiny model of colours\n")
    given = Input(SIZE, "squash", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    bundle_format.write(folder, Manifest("classify", classes, given, family="linear", backbone="mean-colour"))
    return folder


def packed(folder: Path, target: Path, classes: tuple[str, ...] = tuple(COLOURS), *, sharpness: float = 8.0) -> str:
    """The same bundle as one file; returns its SHA-256."""
    return bundle_format.pack(bundle(folder, classes, sharpness=sharpness), target)


def _graph(classes: tuple[str, ...], sharpness: float) -> onnx.ModelProto:
    ideal = np.array([COLOURS[name] for name in classes], np.float32) / 127.5 - 1
    weights = sharpness * ideal / np.linalg.norm(ideal, axis=1, keepdims=True)
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"], axis=1),
        helper.make_node("LpNormalization", ["mean"], ["embedding"], axis=1, p=2),
        helper.make_node("MatMul", ["embedding", "weights"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(classes)]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 3]),
        ],
        [numpy_helper.from_array(np.ascontiguousarray(weights.T), "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
