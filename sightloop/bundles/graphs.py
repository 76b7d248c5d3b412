"""The graphs of a bundle as sessions: in float32, or its 8-bit copy where that is faster on this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from sightloop.core.errors import BadBundle

MODEL, INT8 = "model.onnx", "model.int8.onnx"
OUTPUTS = ("logits", "embedding")
RUNS = 5  # of each graph, in turn
RUNTIME_ERRORS = tuple(
    getattr(ort.capi.onnxruntime_pybind11_state, name)
    for name in (
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoSuchFile",
        "NotImplemented",
        "RuntimeException",
    )
)


def open_session(path: Path, *, threads: int = 1, outputs: Sequence[str] = OUTPUTS) -> ort.InferenceSession:
    """An ONNX Runtime session on the CPU that never spins while it waits. Raises BadBundle."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except (OSError, *RUNTIME_ERRORS) as error:
        raise BadBundle(f"{path.name} cannot be loaded: {error}.") from error
    if lacking := [name for name in outputs if name not in {output.name for output in session.get_outputs()}]:
        raise BadBundle(f"{path.name} lacks the outputs {', '.join(map(repr, lacking))}.")
    return session


def chosen(
    folder: Path, *, size: int, threads: int = 1, precision: str = "auto", outputs: Sequence[str] = OUTPUTS
) -> tuple[ort.InferenceSession, str]:
    """The session that answers a picture sooner here, and its precision: fp32, or int8 where there is such a copy.

    Args:
        size: side of the input in pixels.
        precision: "auto" measures where there are both; "fp32" takes the one, "int8" the other where it is there.

    Raises:
        BadBundle: a graph cannot be loaded or run.
    """
    if precision == "fp32" or not (folder / INT8).exists():
        return open_session(folder / MODEL, threads=threads, outputs=outputs), "fp32"
    small = open_session(folder / INT8, threads=threads, outputs=outputs)
    if precision == "int8" or not (folder / MODEL).exists():
        return small, "int8"
    full = open_session(folder / MODEL, threads=threads, outputs=outputs)
    before, after = milliseconds([full, small], size=size)
    return (small, "int8") if after < before else (full, "fp32")


def milliseconds(sessions: Sequence[ort.InferenceSession], *, size: int, runs: int = RUNS) -> list[float]:
    """For each session the CPU time of the calling thread for one picture, the median of `runs` taken in turn.

    Raises:
        BadBundle: one does not run.
    """
    picture = np.linspace(-1, 1, 3 * size * size, dtype=np.float32).reshape(1, 3, size, size)
    for session in sessions:
        _spent(session, picture)
    rounds = [[_spent(session, picture) for session in sessions] for _ in range(runs)]
    return [float(median) for median in np.median(rounds, axis=0)]


def _spent(session: ort.InferenceSession, picture: NDArray[np.float32]) -> float:
    began = time.thread_time()
    try:
        session.run(None, {session.get_inputs()[0].name: picture})
    except RUNTIME_ERRORS as error:
        raise BadBundle(f"a graph does not run: {error}.") from error
    return 1000 * (time.thread_time() - began)
