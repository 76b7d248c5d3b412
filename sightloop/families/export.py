"""From a trained network to one ONNX file that is proven to answer as the network does."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightloop.bundles.format import Input, file_sha256
from sightloop.bundles.graphs import OUTPUTS, open_session
from sightloop.core.arrays import Embedding
from sightloop.core.entities import Progress
from sightloop.core.errors import BadBundle
from sightloop.core.ports import Report
from sightloop.families.backbone import lay_out
from sightloop.families.data import Pictures, pool
from sightloop.families.features import content_key
from sightloop.families.kept import kept

MODEL = "model.onnx"
WEIGHTS = "weights.safetensors"
LARGEST_BATCH = 1024
CHECKED = 8
CHUNK = 32
TOLERANCE = 1e-3  # of the largest logit: float32 sums in another order
Logits = NDArray[np.float32]


def to_onnx(network: nn.Module, spec: Input, path: Path, *, outputs: Sequence[str] = OUTPUTS) -> None:
    """Write `network` as one ONNX file with the input "image" (batch, 3, s, s) and its `outputs` by these names."""
    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    write_onnx(network, torch.zeros(2, 3, spec.size, spec.size), {0: batch}, path, outputs=outputs)


def write_onnx(
    network: nn.Module, example: Tensor, dynamic: dict[int, Any], path: Path, *, outputs: Sequence[str] = OUTPUTS
) -> None:
    """Write a network of "images" as one ONNX file; `dynamic` says which of the example's dimensions vary.

    What the exporter notes of this machine (stack traces, paths) is removed, so equal weights give equal bytes.
    """
    import onnx

    lay_out(network.eval(), torch.contiguous_format)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*isinstance\(treespec, LeafSpec\).*", category=FutureWarning)
        program = torch.onnx.export(
            network, (example,), dynamo=True, verbose=False, external_data=False, input_names=["image"],
            output_names=list(outputs), dynamic_shapes={"images": dynamic},
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


def check(network: nn.Module, path: Path, pictures: Pictures, *, output: str = "logits") -> float:
    """Compare ONNX Runtime with torch on real pictures and return the largest difference of `output`.

    Raises:
        BadBundle: they differ by more than rounding.
    """
    chosen = np.linspace(0, len(pictures) - 1, min(CHECKED, len(pictures))).astype(int).tolist()
    return compare(network, path, pictures.batch(chosen, view=0), output=output)


def compare(network: nn.Module, path: Path, images: Tensor, *, output: str = "logits") -> float:
    """The largest difference between ONNX Runtime's `output` and torch's first one; raises as `check` does."""
    with torch.no_grad():
        expected = network(images)[0].numpy()
    found = open_session(path, outputs=[output]).run([output], {"image": images.numpy()})[0]
    gap = float(np.abs(found - expected).max())
    if not gap <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise BadBundle(f"the exported model differs from the trained one by {gap:.4f}.", hint="Please report this.")
    return gap


def served(path: Path, pictures: Pictures, *, report: Report, what: str) -> tuple[Logits, Embedding]:
    """Logits (n, c) and embeddings (n, d) of unchanged pictures, as the exported model will give them."""
    logits, embeddings = outputs_of(path, pictures, OUTPUTS, report=report, what=what)
    return logits, embeddings


def outputs_of(
    path: Path,
    pictures: Pictures,
    wanted: Sequence[str],
    *,
    report: Report,
    what: str,
    mirrored: bool = False,
    keep: str | None = None,
) -> list[NDArray[np.float32]]:
    """The `wanted` outputs of unchanged pictures, or mirrored ones: one array (n, width) each.

    One picture per core at a time, decoded and run by the same thread, as the server does.

    Args:
        keep: a folder in which the same outputs of the same pictures are kept, for whoever asks again.
    """

    def compute() -> list[NDArray[np.float32]]:
        return _run(path, pictures, wanted, report=report, what=what, mirrored=mirrored)

    if keep is None:
        return compute()
    name = content_key(pictures, key=f"{file_sha256(path)} {wanted} {mirrored}")
    return kept(Path(keep) / f"outputs-{name}.npz", compute)


def _run(
    path: Path, pictures: Pictures, wanted: Sequence[str], *, report: Report, what: str, mirrored: bool
) -> list[NDArray[np.float32]]:
    session = open_session(path, outputs=wanted)

    def run(index: int) -> list[NDArray[np.float32]]:
        image = pictures.array(index, view=0)[None]
        image = np.ascontiguousarray(image[..., ::-1]) if mirrored else image
        return cast("list[NDArray[np.float32]]", session.run(list(wanted), {"image": image}))

    widths = {output.name: output.shape[1] for output in session.get_outputs()}
    found = [np.zeros((len(pictures), widths[name]), np.float32) for name in wanted]
    for start in range(0, len(pictures), CHUNK):
        chunk = range(start, min(start + CHUNK, len(pictures)))
        for index, rows in zip(chunk, pool().map(run, chunk), strict=True):
            for array, row in zip(found, rows, strict=True):
                array[index] = row[0]
        report(Progress(chunk.stop, len(pictures), f"{what}: {chunk.stop} of {len(pictures)} pictures"))
    return found
