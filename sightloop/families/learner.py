"""One training as Lightning sees it: batches, optimiser, learning rate, early stopping, and its own checkpoints."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightloop.core.entities import Json, Progress
from sightloop.core.ports import Report
from sightloop.families import checkpoint, torchvision_ops
from sightloop.families.backbone import Network
from sightloop.families.data import Batches, Source
from sightloop.families.parameters import TransferParams

torchvision_ops.declare()

import lightning.pytorch as lightning  # noqa: E402 — imports torchvision, which needs the operators declared above

REPORT_SECONDS = 1.0
CLIP = 1.0  # the largest norm of all gradients together
FINAL_RATE = 0.01  # of the highest
CHEAP = 2.0  # a checkpoint that takes longer than half a second is made the more seldom


@dataclass(frozen=True)
class Side:
    """Inputs and class indices of one side."""

    source: Source
    targets: NDArray[np.int64]


@dataclass(frozen=True)
class Course:
    """How a training goes.

    `work` holds checkpoints, of which only those with this `key` are gone on with; `pretrained` says whether the body
    learns at its own, lower rate; `report` is called at least every second and raises Cancelled when asked to stop.
    """

    params: TransferParams
    work: Path
    key: str
    pretrained: bool
    report: Report


class Learner(lightning.LightningModule):
    """One training: the network, its optimiser and all that a checkpoint must hold."""

    def __init__(self, network: Network, train: Side, judge: Side, *, course: Course) -> None:
        super().__init__()
        self.network = network
        self.sides = (train, judge)
        self.course, self.wanted = course, course.params
        self.epoch, self.history = 0, list[Json]()
        self.best: dict[str, Tensor] | None = None
        self.best_loss, self.waited = math.inf, 0
        self._optimiser_state: dict[str, Any] | None = None
        self._losses: list[float] = []
        self._judged: list[tuple[float, int, int]] = []
        self._steps = len(self._batches(0))
        self._step, self._spoke, self._saved = 0, 0.0, time.monotonic()
        self._saving = 0.0  # seconds that the last checkpoint took
        self._began = (0.0, self._saved)  # epochs done, and when

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or patience ran out."""
        return self.epoch >= self.wanted.epochs or (self.wanted.patience > 0 and self.waited >= self.wanted.patience)

    def train_dataloader(self) -> Batches:
        return self._batches(self.epoch)

    def _batches(self, epoch: int) -> Batches:
        """Pictures in an order, and in views, that depend on the seed and the epoch only."""
        side = self.sides[0]
        order = np.random.default_rng([self.wanted.seed, epoch]).permutation(len(side.targets))
        return Batches(side.source, side.targets, order, self.wanted.batch, view=epoch + 1)

    def val_dataloader(self) -> Batches:
        side = self.sides[1]
        return Batches(side.source, side.targets, np.arange(len(side.targets)), self.wanted.batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        optimiser = torch.optim.AdamW(
            groups(self.network, self.wanted, body_rate=self.wanted.backbone_lr if self.course.pretrained else 1.0),
            fused=True,
        )
        if self._optimiser_state is not None:
            optimiser.load_state_dict(self._optimiser_state)
        return optimiser

    def on_train_start(self) -> None:
        self._began = (float(self.epoch), time.monotonic())

    def on_train_epoch_start(self) -> None:
        torch.manual_seed(self.wanted.seed * 1_000_003 + self.epoch)
        self._losses, self._step = [], 0

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:  # noqa: ARG002 — Lightning's signature
        done = self.epoch * self._steps + batch_idx
        share = rate_at(done, self.wanted.epochs * self._steps, warmup=self.wanted.warmup)
        for group in self.optimizers().param_groups:  # type: ignore[union-attr]
            group["lr"] = group["highest"] * share

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        images, targets = batch
        loss = nn.functional.cross_entropy(self._logits(images), targets, label_smoothing=self.wanted.label_smoothing)
        self._losses.append(float(loss.detach()))
        return loss

    def _logits(self, images: Tensor) -> Tensor:
        if self.wanted.channels_last and images.ndim == 4:
            images = images.contiguous(memory_format=torch.channels_last)
        logits: Tensor = self.network(images)[0]
        return logits.float()

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:  # noqa: ARG002
        wanted = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        nn.utils.clip_grad_norm_(wanted, CLIP)  # Lightning's own clipping refuses fused optimisers

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        self._step = batch_idx + 1
        if time.monotonic() - self._spoke >= REPORT_SECONDS:
            self._say(f"epoch {self.epoch + 1} of {self.wanted.epochs}, batch {self._step} of {self._steps}", {})

    def on_validation_epoch_start(self) -> None:
        self._judged = []

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:  # noqa: ARG002
        images, targets = batch
        logits = self._logits(images)
        loss = float(nn.functional.cross_entropy(logits, targets, reduction="sum"))
        self._judged.append((loss, int((logits.argmax(1) == targets).sum()), len(targets)))

    def on_train_epoch_end(self) -> None:
        figures: Json = {"loss": float(np.mean(self._losses)), "lr": self.optimizers().param_groups[-1]["lr"]}  # type: ignore[union-attr]
        loss, right, count = (sum(column) for column in zip(*self._judged, strict=True)) if self._judged else (0, 0, 0)
        if count:
            figures |= {"calibration_loss": loss / count, "calibration_accuracy": right / count}
        self.epoch += 1
        self._step = 0
        self._remember(
            figures.get("calibration_loss", -float(self.epoch)) if math.isfinite(figures["loss"]) else math.nan
        )
        self.history.append({"epoch": self.epoch, **figures})
        self._save()
        self._say(self._sentence(figures), self.history[-1])
        if self.finished and self.trainer is not None:
            self.trainer.should_stop = True

    def _remember(self, loss: float) -> None:
        """Keep the weights of the epoch with the least loss; a loss that is no number never counts as better."""
        if loss < self.best_loss:
            self.best_loss, self.waited = loss, 0
            self.best = {name: tensor.detach().clone() for name, tensor in trained(self.network).items()}
        else:
            self.waited += 1

    def _sentence(self, figures: Json) -> str:
        said = f"epoch {self.epoch} of {self.wanted.epochs}: loss {figures['loss']:.3f}"
        if "calibration_accuracy" in figures:
            said += f", calibration accuracy {figures['calibration_accuracy']:.1%}"
        if self.finished and self.epoch < self.wanted.epochs:
            said += f"; stopped early, no better for {self.waited} epochs"
        return said

    def _say(self, message: str, figures: Json) -> None:
        self._spoke = time.monotonic()
        done = self.epoch + self._step / max(1, self._steps)
        shown = figures or {"loss": float(np.mean(self._losses[-20:]))}
        message += self._left(done)
        self.course.report(Progress(done, self.wanted.epochs, message, {key: float(shown[key]) for key in shown}))

    def _left(self, done: float) -> str:
        """How long it will take if it goes on as since this process began with it; nothing where it is done."""
        made, seconds = done - self._began[0], time.monotonic() - self._began[1]
        if self.finished or made <= 0:
            return ""
        left = seconds / made * (self.wanted.epochs - done)
        return f", about {left:.0f} s left" if left < 100 else f", about {left / 60:.0f} min left"

    def _save(self) -> None:
        began = time.monotonic()
        if not self.finished and began - self._saved < max(1.0, CHEAP * self._saving) * self.wanted.checkpoint_seconds:
            return
        state = {
            "key": self.course.key,
            "epoch": self.epoch,
            "history": self.history,
            "best_loss": self.best_loss,
            "waited": self.waited,
            "network": {name: tensor.detach() for name, tensor in trained(self.network).items()},
            "best": self.best,
            "optimiser": self.optimizers().state_dict(),  # type: ignore[union-attr]
        }
        checkpoint.save(self.course.work, self.epoch, state)
        self._saved = time.monotonic()
        self._saving = self._saved - began

    def restore(self, state: dict[str, Any]) -> None:
        """Become what the checkpoint was."""
        self.epoch, self.history = state["epoch"], state["history"]
        self.best_loss, self.waited, self.best = state["best_loss"], state["waited"], state["best"]
        self._optimiser_state = copy.deepcopy(state["optimiser"])
        put(self.network, state["network"])

    def settle(self) -> None:
        """Leave the network with its best weights, in evaluation mode."""
        if self.best is not None:
            put(self.network, self.best)
        self.network.eval()


def trained(network: Network) -> dict[str, Tensor]:
    """All parameters and statistics outside the frozen modules, by name."""
    frozen = {id(t) for module in network.frozen for t in (*module.parameters(), *module.buffers())}
    named = (*network.named_parameters(), *network.named_buffers())
    return {name: tensor for name, tensor in named if id(tensor) not in frozen}


def put(network: Network, values: dict[str, Tensor]) -> None:
    """Copy values into the network's own tensors, so that all that share them see them."""
    with torch.no_grad():
        for name, tensor in trained(network).items():
            tensor.copy_(values[name])


def groups(network: Network, params: TransferParams, *, body_rate: float) -> list[dict[str, Any]]:
    """Parameter groups for AdamW: the body at its own rate, no decay on vectors (biases, norms)."""
    found: list[dict[str, Any]] = []
    for module, share in ((network.body, body_rate), (network.head, 1.0)):
        wanted = [parameter for parameter in module.parameters() if parameter.requires_grad]
        for members, decay in (
            ([one for one in wanted if one.ndim > 1], params.weight_decay),
            ([one for one in wanted if one.ndim <= 1], 0.0),
        ):
            if members:
                highest = params.lr * share
                found.append({"params": members, "lr": highest, "highest": highest, "weight_decay": decay})
    return found


def rate_at(step: int, steps: int, *, warmup: float) -> float:
    """The share of the highest learning rate at `step` of `steps`: a straight rise, then half a cosine down."""
    rise = max(1.0, warmup * steps)
    if step < rise:
        return (step + 1) / (rise + 1)
    along = min(1.0, (step - rise) / max(1.0, steps - rise))
    return FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * along)) / 2
