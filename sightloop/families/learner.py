"""Learning classes: cross-entropy on pictures or cached features, judged by the loss on the calibration side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from sightloop.core.entities import Json
from sightloop.families.backbone import Network
from sightloop.families.data import Batches, Source
from sightloop.families.loop import Course, Loop, decaying
from sightloop.families.parameters import TransferParams


@dataclass(frozen=True)
class Side:
    """Inputs and class indices of one side, and what each counts where not all count alike (`data.weights`)."""

    source: Source
    targets: NDArray[np.int64]
    weights: NDArray[np.float32] | None = None


class Learner(Loop[TransferParams]):
    """One training of a classifier; whatever of the network requires a gradient is trained.

    `judge` is the side whose loss chooses the epoch; where it is empty the last epoch is kept.
    """

    network: Network

    def __init__(self, network: Network, train: Side, judge: Side, *, course: Course[TransferParams]) -> None:
        self.sides = (train, judge)
        self._judged: list[tuple[float, int, int]] = []
        super().__init__(network, course=course)

    @property
    def judges(self) -> bool:
        return len(self.sides[1].targets) > 0

    def batches(self, epoch: int) -> Batches:
        side, wanted = self.sides[0], self.course.params
        order = np.random.default_rng([wanted.seed, epoch]).permutation(len(side.targets))
        return Batches(side.source, side.targets, order, wanted.batch, view=epoch + 1, weights=side.weights)

    def val_dataloader(self) -> Batches:
        side = self.sides[1]
        return Batches(side.source, side.targets, np.arange(len(side.targets)), self.wanted.batch)

    def groups(self) -> list[dict[str, Any]]:
        return groups(self.network, self.wanted, body_rate=self.wanted.backbone_lr if self.course.pretrained else 1.0)

    def tensors(self) -> dict[str, Tensor]:
        return trained(self.network)

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:  # noqa: ARG002
        images, targets, *weights = batch
        return self.learnt(loss_of(self._logits(images), targets, *weights, smoothing=self.wanted.label_smoothing))

    def _logits(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(self.laid(images))[0]
        return logits.float()

    def on_validation_epoch_start(self) -> None:
        self._judged = []

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:  # noqa: ARG002
        images, targets = batch
        logits = self._logits(images)
        loss = float(nn.functional.cross_entropy(logits, targets, reduction="sum"))
        self._judged.append((loss, int((logits.argmax(1) == targets).sum()), len(targets)))

    def judgement(self) -> Json:
        if not self._judged:
            return {}
        loss, right, count = (sum(column) for column in zip(*self._judged, strict=True))
        return {"calibration_loss": loss / count, "calibration_accuracy": right / count}

    def badness(self, figures: Json) -> float:
        return float(figures.get("calibration_loss", -self.epoch))

    def praise(self, figures: Json) -> str:
        known = "calibration_accuracy" in figures
        return f", calibration accuracy {figures['calibration_accuracy']:.1%}" if known else ""


def loss_of(logits: Tensor, targets: Tensor, weights: Tensor | None = None, *, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy of logits (n, classes) with class indices (n,), each times its weight (n,)."""
    if weights is None:
        return nn.functional.cross_entropy(logits, targets, label_smoothing=smoothing)
    each = nn.functional.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none")
    return (each * weights).mean()


def trained(network: Network) -> dict[str, Tensor]:
    """All parameters and statistics outside the frozen modules, by name."""
    frozen = {id(t) for module in network.frozen for t in (*module.parameters(), *module.buffers())}
    named = (*network.named_parameters(), *network.named_buffers())
    return {name: tensor for name, tensor in named if id(tensor) not in frozen}


def groups(network: Network, params: TransferParams, *, body_rate: float) -> list[dict[str, Any]]:
    """Parameter groups for AdamW: the body at its own rate, no decay on vectors (biases, norms)."""
    found: list[dict[str, Any]] = []
    for module, share in ((network.body, body_rate), (network.head, 1.0)):
        found += decaying(module, highest=params.lr * share, decay=params.weight_decay)
    return found
