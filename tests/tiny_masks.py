"""Small real things for tests of masks: grey pictures with a red blob, their exact masks, a model that finds red."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sightloop.bundles import format as bundle_format
from sightloop.bundles.format import Input, Manifest
from sightloop.core.arrays import Mask, Pixels
from sightloop.core.entities import Image, ModelVersion, Project
from sightloop.flows import projects, registry
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.answer import score
from sightloop.flows.services import Services
from sightloop.flows.upload import Incoming, keep
from sightloop.vision import encode

MULTIPLE = 16
RED, GREEN = (220, 40, 40), (40, 200, 60)


def draw(seed: int = 0, *, width: int = 64, height: int = 48, empty: bool = False) -> tuple[Pixels, Mask]:
    """A noisy grey picture with one red rectangle (none where `empty`), and its exact mask; the same for one seed."""
    rng = np.random.default_rng([seed, width, height])
    pixels = np.clip(128 + rng.normal(0, 6, (height, width, 1)) + np.zeros(3), 0, 255).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    if not empty:
        left, top = int(rng.integers(4, width // 2)), int(rng.integers(4, height // 2))
        mask[top : top + int(rng.integers(8, height // 2 - 4)), left : left + int(rng.integers(8, width // 2 - 4))] = 1
        pixels[mask == 1] = RED
    return pixels, mask


def picture(seed: int = 0, *, width: int = 64, height: int = 48, empty: bool = False) -> bytes:
    """The picture of `draw` as PNG bytes."""
    return encode.png(draw(seed, width=width, height=height, empty=empty)[0])


def mask_png(seed: int = 0, *, width: int = 64, height: int = 48, empty: bool = False) -> bytes:
    """The mask of `draw` as people save it: a grey PNG of 0 and 255."""
    return encode.png(draw(seed, width=width, height=height, empty=empty)[1] * np.uint8(255))


def folder(root: Path, count: int = 6, *, first: int = 0) -> Path:
    """Write `count` pictures and masks as root/images/N.png and root/masks/N.png; the last one's mask is empty."""
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        empty = number == first + count - 1
        (root / "images" / f"{number}.png").write_bytes(picture(number, empty=empty))
        (root / "masks" / f"{number}.png").write_bytes(mask_png(number, empty=empty))
    return root


def bundle(target: Path, classes: tuple[str, ...] = ("crack",), *, sharpness: float = 12.0) -> Path:
    """Write a bundle that marks red as the first class and green as the second; the embedding has 3 numbers."""
    target.mkdir(parents=True, exist_ok=True)
    onnx.save(_graph(classes, sharpness), target / "model.onnx")
    (target / "card.md").write_text("# A tiny model that finds red\n")
    given = Input(64, "native", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    made = Manifest(
        "segment", classes, given, family="attention_unet", backbone="redness", params={"multiple": MULTIPLE}
    )
    bundle_format.write(target, made)
    return target


def project(services: Services, *, name: str = "cracks", classes: tuple[str, ...] = ("crack",)) -> Project:
    """A project of the recipe `crack`."""
    return projects.create(services, user=OPERATOR, name=name, recipe="crack", classes=classes)


def adopt(services: Services, work: Path, *, name: str = "cracks", sharpness: float = 12.0) -> ModelVersion:
    """The tiny model as a version of the project; the first one goes live."""
    found = project_for(services, user=OPERATOR, name=name, action="promote")
    packed = work / f"tiny-{sharpness:g}.bundle"
    sha256 = bundle_format.pack(bundle(work / f"tiny-{sharpness:g}", found.classes, sharpness=sharpness), packed)
    services.blobs.adopt(packed, sha256)
    with services.db.begin() as db:
        made = registry.enlist(
            db, found, bundle=sha256, family="attention_unet", params={}, metrics={}, snapshot_id=None, by=None
        )
    services.runtime.refresh()
    return made


def upload(services: Services, seed: int = 0, *, name: str = "cracks", empty: bool = False) -> Image:
    """Upload one picture and let the runtime answer it."""
    data = picture(seed, empty=empty)
    path = services.blobs.incoming / f"tiny-{seed}"
    path.write_bytes(data)
    one = Incoming(f"{seed}.png", path, hashlib.sha256(data).hexdigest(), len(data))
    (kept,) = keep(services, user=OPERATOR, project=name, incoming=[one])
    assert kept.image is not None
    services.runtime.refresh()
    return score(services, project_id=kept.image.project_id, image_ids=[kept.image.id], timeout=30)[0]


def _graph(classes: tuple[str, ...], sharpness: float) -> onnx.ModelProto:
    colours = np.array([[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]], np.float32)[: len(classes)]
    weights = (sharpness * colours)[:, :, None, None]
    bias = np.full(len(classes), -0.7 * sharpness, np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "weights", "bias"], ["logits"]),
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"], axis=1),
        helper.make_node("Add", ["mean", "away"], ["moved"]),
        helper.make_node("LpNormalization", ["moved"], ["embedding"], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "redness",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "height", "width"])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(classes), "height", "width"]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 3]),
        ],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(np.array([[0.1, 0.2, 0.3]], np.float32), "away"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
