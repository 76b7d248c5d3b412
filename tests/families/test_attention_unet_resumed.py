"""A training of masks that was killed ends exactly as one left alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from sightloop.core.entities import Example, Json, TrainingSet
from tests.families.masked import CONTEXT, SMALL, train

KILLED = """
import json, os, signal, sys
import torch
torch.set_num_threads(1)
from pathlib import Path
from sightloop import families
from sightloop.core.entities import Example, TrainingSet
said = json.loads(sys.stdin.read())
sides = [tuple(Example(**row) for row in said[side]) for side in ("train", "calibration")]

def report(progress):
    if progress.message.startswith("epoch 2 of 3: loss"):
        os.kill(os.getpid(), signal.SIGKILL)

place = Path(said["place"])
families.get("attention_unet").train(
    TrainingSet(("crack",), *sides), families.params("attention_unet", said["params"]),
    folder=place / "bundle", work=place / "work", report=report, context=said["context"],
)
"""


def test_a_training_killed_in_its_second_epoch_ends_exactly_as_one_left_alone(
    lines: TrainingSet, tmp_path: Path
) -> None:
    def rows(side: tuple[Example, ...]) -> list[Json]:
        return [asdict(example) for example in side]

    values = {**SMALL, "epochs": 3}
    said = {"train": rows(lines.train), "calibration": rows(lines.calibration), "context": CONTEXT}
    given = json.dumps({**said, "params": values, "place": str(tmp_path / "killed")})
    done = subprocess.run([sys.executable, "-c", KILLED], input=given, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    epochs: list[float] = []
    resumed = train(
        values, lines, tmp_path / "killed",
        report=lambda progress: epochs.append(progress.figures["epoch"]) if "epoch" in progress.figures else None,
    )  # fmt: skip
    alone = train(values, lines, tmp_path / "alone")
    assert epochs == [3]
    for first, second in zip(resumed["history"], alone["history"], strict=True):
        assert {**first, "seconds": 0} == {**second, "seconds": 0}
    assert resumed["metrics"]["calibration"] == alone["metrics"]["calibration"]
    for name in ("weights.safetensors", "model.onnx", "reference.npz"):
        kept, other = (tmp_path / place / "bundle" / name for place in ("killed", "alone"))
        assert kept.read_bytes() == other.read_bytes(), name
