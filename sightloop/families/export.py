"""From a trained network to one ONNX file that is proven to answer as the network does."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightloop.bundles.classifier import open_session
from sightloop.bundles.format import Input
from sightloop.core.arrays import Embedding
from sightloop.core.entities import Progress
from sightloop.core.errors import BadBundle
from sightloop.core.ports import Report
from sightloop.families.backbone import Network, lay_out
from sightloop.families.data import Pictures, pool

MODEL = "model.onnx"
WEIGHTS = "weights.safetensors"
LARGEST_BATCH = 1024
CHECKED = 8
CHUNK = 32
TOLERANCE = 1e-3  # of the largest logit: float32 sums in another order
Logits = NDArray[np.float32]


def to_onnx(network: Network, spec: Input, path: Path) -> None:
    """Write `network` as one ONNX file with inputs "image" (batch, 3, s, s) and outputs "logits" and "embedding"."""
    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    write_onnx(network, torch.zeros(2, 3, spec.size, spec.size), {0: batch}, path)


def write_onnx(network: nn.Module, example: Tensor, dynamic: dict[int, Any], path: Path) -> None:
    """Write a network of "images" as one ONNX file; `dynamic` says which of the example's dimensions vary.

    What the exporter notes of this machine (stack traces, paths) is removed, so equal weights give equal bytes.
    """
    import onnx

    lay_out(network.eval(), torch.contiguous_format)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*isinstance\(treespec, LeafSpec\).*", category=FutureWarning)
        program = torch.onnx.export(
            network, (example,), dynamo=True, verbose=False, external_data=False, input_names=["image"],
            output_names=["logits", "embedding"], dynamic_shapes={"images": dynamic},
        )  # fmt: skip
    model = cast(Any, program).model_proto
    for part in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.value_info,
        *model.graph.input,
        *model.graph.output,
    ):
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, str(path))


def save_weights(network: nn.Module, path: Path) -> None:
    """Write all weights and statistics as safetensors, to continue training from."""
    from safetensors.torch import save_file

    state = {name: tensor.detach().contiguous().clone() for name, tensor in network.state_dict().items()}
    save_file(state, str(path))


def check(network: Network, path: Path, pictures: Pictures) -> float:
    """Compare ONNX Runtime with torch on real pictures and return the largest difference of logits.

    Raises:
        BadBundle: they differ by more than rounding.
    """
    chosen = np.linspace(0, len(pictures) - 1, min(CHECKED, len(pictures))).astype(int).tolist()
    return compare(network, path, pictures.batch(chosen, view=0))


def compare(network: nn.Module, path: Path, images: Tensor) -> float:
    """The largest difference of logits between ONNX Runtime and torch on these images; raises as `check` does."""
    with torch.no_grad():
        expected = network(images)[0].numpy()
    found = open_session(path).run(["logits"], {"image": images.numpy()})[0]
    gap = float(np.abs(found - expected).max())
    if not gap <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise BadBundle(f"the exported model differs from the trained one by {gap:.4f}.", hint="Please report this.")
    return gap


def served(
    path: Path, pictures: Pictures, *, report: Report, what: str, mirrored: bool = False
) -> tuple[Logits, Embedding]:
    """Logits (n, c) and embeddings (n, d) of unchanged pictures, as the exported model will give them.

    One picture per core at a time, decoded and run by the same thread, as the server does.
    """
    session = open_session(path)

    def run(index: int) -> tuple[Logits, Embedding]:
        image = pictures.array(index, view=0)[None]
        image = np.ascontiguousarray(image[..., ::-1]) if mirrored else image
        return cast("tuple[Logits, Embedding]", session.run(["logits", "embedding"], {"image": image}))

    shapes = {output.name: output.shape[1] for output in session.get_outputs()}
    logits = np.zeros((len(pictures), shapes["logits"]), np.float32)
    embeddings = np.zeros((len(pictures), shapes["embedding"]), np.float32)
    for start in range(0, len(pictures), CHUNK):
        chunk = range(start, min(start + CHUNK, len(pictures)))
        for index, found in zip(chunk, pool().map(run, chunk), strict=True):
            logits[index], embeddings[index] = found[0][0], found[1][0]
        report(Progress(chunk.stop, len(pictures), f"{what}: {chunk.stop} of {len(pictures)} pictures"))
    return logits, embeddings
