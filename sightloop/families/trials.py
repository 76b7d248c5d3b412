"""A process that carries out trials of a search, one after another, as `families.search` tells it to.

It reads one JSON object per line on standard input and answers so on standard output. When its input ends, whoever
started it is gone, and it ends at once.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from sightloop import families
from sightloop.core.entities import Example, Json, Progress, TrainingSet
from sightloop.core.errors import Cancelled, SightloopError

SPEAK_SECONDS = 1.0
SIDES = ("train", "calibration", "certification")
ACCURACY, LOSS = "calibration_accuracy", "calibration_loss"


class Pruned(Cancelled):
    """The search saw that this trial becomes no better than others."""


def written(data: TrainingSet, *, family: str, threads: int, context: Json) -> str:
    """The text of the file that this process is started with."""
    sides = {side: [asdict(example) for example in getattr(data, side)] for side in SIDES}
    return json.dumps({"family": family, "threads": threads, "context": context, "classes": data.classes, **sides})


def judged(history: Sequence[Json]) -> tuple[float, float]:
    """Calibration accuracy and loss of the epoch that a training keeps: the one with the least loss."""
    best = min((row for row in history if row[LOSS] == row[LOSS]), key=lambda row: row[LOSS])  # a NaN is not itself
    return best[ACCURACY], best[LOSS]


class _Line:
    """Both ends of the connection; what libraries print goes to standard error instead."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)
        self._heard: queue.SimpleQueue[Json] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            self._heard.put(json.loads(line))
        os._exit(0)

    def say(self, told: Json) -> None:
        self._out.write(json.dumps(told) + "\n")

    def hear(self) -> Json:
        """The next order; waits for it."""
        return self._heard.get()


class _Reporter:
    """Tells of every epoch and waits whether to go on; of other progress it tells once a second."""

    def __init__(self, line: _Line) -> None:
        self._line, self._spoke = line, 0.0

    def __call__(self, progress: Progress) -> None:
        figures = dict(progress.figures)
        share = progress.done / progress.total if figures and progress.total else 0.0  # of the epochs, not of caches
        if "epoch" in figures:
            self._line.say({"epoch": figures.pop("epoch"), "figures": figures, "share": share})
            if not self._line.hear()["go"]:
                raise Pruned("pruned.")
        elif time.monotonic() - self._spoke > SPEAK_SECONDS:
            self._spoke = time.monotonic()
            self._line.say({"share": share, "message": progress.message})


def carry_out(setup: Json, order: Json, *, report: Any) -> Json:
    """Train with the parameters of `order` in its folder; {accuracy, loss, history} or {pruned} or {failed: why}."""
    module: Any = families.get(setup["family"])
    params, work = families.params(setup["family"], order["params"]), Path(order["folder"])
    data = TrainingSet(tuple(setup["classes"]), *(tuple(Example(**row) for row in setup[side]) for side in SIDES))
    wanted = {"work": work, "report": report, "context": setup["context"]}
    try:
        if hasattr(module, "trial"):
            history = module.trial(data, params, **wanted)
            accuracy, loss = judged(history)
            return {"accuracy": accuracy, "loss": loss, "history": history}
        made = module.train(data, params, folder=work / "bundle", **wanted)
    except Pruned:
        return {"pruned": True}
    except SightloopError as error:
        return {"failed": f"{error.message} {error.hint}".strip()}
    finally:
        shutil.rmtree(work / "bundle", ignore_errors=True)
    chosen = next((row["loss"] for row in made["history"] if row["chosen"]), None)
    return {"accuracy": made["metrics"]["calibration"]["accuracy"]["value"], "loss": chosen or 0.0, "history": []}


def main() -> None:
    """Carry out trials until standard input ends; the file of the search is the only argument."""
    import torch

    line = _Line()
    setup = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(setup["threads"])
    while True:
        line.say(carry_out(setup, line.hear(), report=_Reporter(line)))


if __name__ == "__main__":
    main()
