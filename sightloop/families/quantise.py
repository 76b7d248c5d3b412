"""An 8-bit copy of a model's graph, kept only where it answers as well as the original."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightloop.bundles import graphs, reference
from sightloop.bundles.graphs import INT8, MODEL, OUTPUTS
from sightloop.core.arrays import Embedding
from sightloop.core.entities import Json, Progress
from sightloop.core.errors import BadBundle
from sightloop.core.ports import Report
from sightloop.families import export
from sightloop.families.data import Pictures, targets
from sightloop.families.finishing import Logits, Made

PICTURES = 200  # of the training side, that show the range of every activation
LARGEST_DROP = 0.005  # of the accuracy on the calibration side; a drop this large is refused
LEAST_COSINE = 0.99  # mean similarity of both graphs' embeddings: one reference serves both
RUNS = 9

Head = Callable[[Embedding], Logits]


def offered(made: Made, held_out: tuple[Logits, Embedding], *, report: Report, head: Head | None = None) -> Json:
    """Write `model.int8.onnx` beside `model.onnx` and keep it if it answers as well; for the bundle's metrics.

    Static quantisation, weights in 8 bits per channel, between pairs of QuantizeLinear and DequantizeLinear (Jacob et
    al., "Quantization and Training of Neural Networks", CVPR 2018). Call it when `model.onnx` is complete and before
    `finishing.finish`, which hashes the folder.

    Args:
        made: nothing is done unless its parameters ask for int8.
        held_out: logits and embeddings that `model.onnx` gives of `made.held_out`, in that order.
        head: how embeddings become logits, for a graph whose only output is the embedding.

    Returns:
        {"int8": {kept, reason, n, accuracy, accuracy_int8, drop, cosine, ms, ms_int8, bytes, bytes_int8}}: figures of
        the calibration side, CPU-milliseconds of one picture on one core, sizes of both files. Empty where not asked.
    """
    if not made.params.int8:
        return {}
    if not made.data.calibration:
        return {"int8": {"kept": False, "reason": "no calibration picture says whether it answers as well", "n": 0}}
    try:
        write(made.folder / MODEL, made.folder / INT8, made, report=report)
        figures = _judged(made, held_out, head, report)
    except BadBundle as error:
        figures = {"kept": False, "reason": error.message, "n": len(made.data.calibration)}
    if not figures["kept"]:
        (made.folder / INT8).unlink(missing_ok=True)
    return {"int8": figures}


def _judged(made: Made, held_out: tuple[Logits, Embedding], head: Head | None, report: Report) -> Json:
    """What both graphs answer, need and take."""
    paths, wanted = [made.folder / MODEL, made.folder / INT8], OUTPUTS[1:] if head else OUTPUTS
    pictures = Pictures(made.data.calibration, made.spec)
    found = export.outputs_of(paths[1], pictures, wanted, report=report, what="judging the 8-bit copy")
    after = (head(found[0]), found[0]) if head else (found[0], found[1])
    sessions = [graphs.open_session(path, outputs=wanted) for path in paths]
    spent = graphs.milliseconds(sessions, size=made.spec.size, runs=RUNS)
    sizes = [path.stat().st_size for path in paths]
    figures = compared(held_out, after, targets(made.data.calibration))
    return {**figures, "ms": spent[0], "ms_int8": spent[1], "bytes": sizes[0], "bytes_int8": sizes[1]}


def compared(before: tuple[Logits, Embedding], after: tuple[Logits, Embedding], truth: NDArray[np.int64]) -> Json:
    """Whether the copy is kept, else why not, and the figures that say so.

    Args:
        before: logits and embeddings of the original graph; rows beyond those of `after` do not count.
        after: those of its copy.
        truth: the classes of the same pictures, (n,).
    """
    count = len(truth)
    accuracy, small = (float((one[0][:count].argmax(axis=1) == truth).mean()) for one in (before, after))
    finite = bool(np.isfinite(after[0]).all() and np.isfinite(after[1]).all())
    cosine = float((before[1][:count] * after[1]).sum(axis=1).mean()) if finite else 0.0
    reason = None
    if not finite:
        reason = "it answers with numbers that are not finite"
    elif accuracy - small >= LARGEST_DROP:
        reason = f"its accuracy is {100 * (accuracy - small):.2f} points lower"
    elif cosine < LEAST_COSINE:
        reason = f"its embeddings are no longer comparable: mean cosine {cosine:.4f}, {LEAST_COSINE} is the least"
    figures = {"n": count, "accuracy": accuracy, "accuracy_int8": small, "drop": accuracy - small, "cosine": cosine}
    return {"kept": reason is None, "reason": reason, **figures}


def write(source: Path, target: Path, made: Made, *, report: Report) -> None:
    """Quantise the graph in `source`, calibrated on at most 200 training pictures, even over the classes.

    Raises:
        BadBundle: ONNX Runtime cannot quantise this graph.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    model = _prepared(source)
    pictures = Pictures(made.data.train, made.spec)
    chosen = reference.balanced([one.target for one in pictures.examples], limit=PICTURES, seed=made.params.seed)
    try:
        quantize_static(
            model,
            target,
            _Reader(pictures, chosen.tolist(), report=report),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=left_alone(model.graph),
        )
    except (ValueError, RuntimeError, TypeError, KeyError, AttributeError) as error:
        raise BadBundle(f"the model cannot be quantised: {error}.", hint="Train without int8.") from error


def _prepared(source: Path) -> Any:
    """The graph with its shapes worked out and its constants folded, every node with a name of its own."""
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as place:
        ready = Path(place) / MODEL
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        model = onnx.load(str(ready))
    for number, node in enumerate(model.graph.node):
        node.name = f"node_{number}"
    return model


def left_alone(graph: Any) -> list[str]:
    """Names of the nodes of an ONNX graph that stay in float32: they cost little, and errors there cost most.

    What only one of the outputs needs (the head), the normalisation of the embedding and what follows it, and the stem:
    the first convolution, with the next one where that is depthwise.
    """
    makers = {name: node for node in graph.node for name in node.output}
    needed = [_ancestors(output.name, makers) for output in graph.output]
    body = set.intersection(*needed)
    after: set[str] = set()  # tensors
    for node in graph.node:
        if node.op_type in ("ReduceL2", "LpNormalization") or after & set(node.input):
            after.update(node.output)
    stem = [node for node in graph.node if node.op_type == "Conv"][:2]
    kept = {node.name for node in stem[:1]} | {node.name for node in stem[1:] if _depthwise(node)}
    return [node.name for node in graph.node if node.name not in body or node.name in kept or after & set(node.output)]


def _ancestors(name: str, makers: dict[str, Any]) -> set[str]:
    """Names of all nodes that the tensor `name` depends on."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and node.name not in found:
            found.add(node.name)
            waiting += node.input
    return found


def _depthwise(node: Any) -> bool:
    return any(one.name == "group" and one.i > 1 for one in node.attribute)


class _Reader:
    """Calibration pictures one at a time, as ONNX Runtime asks for them."""

    def __init__(self, pictures: Pictures, chosen: Sequence[int], *, report: Report) -> None:
        self.pictures, self.chosen, self.report, self.at = pictures, chosen, report, 0

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next picture as the graph's input, None at the end."""
        if self.at == len(self.chosen):
            return None
        image = self.pictures.array(self.chosen[self.at], view=0)[None]
        self.at += 1
        self.report(Progress(self.at, len(self.chosen), f"quantising: {self.at} of {len(self.chosen)} pictures"))
        return {"image": image}
