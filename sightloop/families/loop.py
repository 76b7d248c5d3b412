"""A training loop as Lightning drives it: learning rate, early stopping, progress, checkpoints; whatever is learnt."""

from __future__ import annotations

import copy
import math
import time
from abc import abstractmethod
from collections.abc import Iterable, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from sightloop.core.entities import Json, Progress
from sightloop.core.ports import Report
from sightloop.families import checkpoint, torchvision_ops
from sightloop.families.parameters import Taught

torchvision_ops.declare()

import lightning.pytorch as lightning  # noqa: E402 — imports torchvision, which needs the operators declared above

REPORT_SECONDS = 1.0
CLIP = 1.0  # the largest norm of all gradients together
FINAL_RATE = 0.01  # of the highest
CHEAP = 2.0  # a checkpoint that takes longer than half a second is made the more seldom

P = TypeVar("P", bound=Taught)


@dataclass(frozen=True)
class Course(Generic[P]):
    """How a training goes.

    `work` holds checkpoints, of which only those with this `key` are gone on with; `pretrained` says whether the body
    learns at its own, lower rate; `report` is called at least every second and raises Cancelled when asked to stop.
    """

    params: P
    work: Path
    key: str
    pretrained: bool
    report: Report


class Pass(Sized, Iterable[Any], Protocol):
    """The training side once, in batches; its length is their number."""


class Loop(lightning.LightningModule, Generic[P]):
    """One training: the network, its optimiser and all that a checkpoint must hold.

    A learner says what its batches are, what it learns from each, and how an epoch is judged.
    """

    def __init__(self, network: nn.Module, *, course: Course[P]) -> None:
        super().__init__()
        self.network = network
        self.course, self.wanted = course, course.params
        self.epoch, self.history = 0, list[Json]()
        self.best: dict[str, Tensor] | None = None
        self.best_loss, self.waited = math.inf, 0
        self._optimiser_state: dict[str, Any] | None = None
        self._losses: list[float] = []
        self._step, self._spoke, self._saved = 0, 0.0, time.monotonic()
        self._saving = 0.0  # seconds that the last checkpoint took
        self._began = (0.0, self._saved)  # epochs done, and when
        self._steps = len(self.batches(0))

    @property
    @abstractmethod
    def judges(self) -> bool:
        """Whether there is a side to judge epochs on."""

    @abstractmethod
    def batches(self, epoch: int) -> Pass:
        """The training side, in an order and in views that depend on the seed and the epoch only."""

    @abstractmethod
    def groups(self) -> list[dict[str, Any]]:
        """Parameter groups, each with its `highest` learning rate."""

    @abstractmethod
    def judgement(self) -> Json:
        """Figures of the epoch that was just judged, for its row."""

    @abstractmethod
    def badness(self, figures: Json) -> float:
        """What the best epoch has the least of."""

    @abstractmethod
    def praise(self, figures: Json) -> str:
        """What the sentence about an epoch says beside its loss; may be empty."""

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """The parameters and statistics that training changes, by name: the very tensors."""

    def kept(self) -> dict[str, Tensor]:
        """What is kept of the best epoch, by the names of `tensors`."""
        return self.tensors()

    def more_state(self) -> dict[str, Any]:
        """What else a checkpoint must hold."""
        return {}

    def restore_more(self, state: dict[str, Any]) -> None:
        """Take back what `more_state` gave."""

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or patience ran out."""
        return self.epoch >= self.wanted.epochs or (self.wanted.patience > 0 and self.waited >= self.wanted.patience)

    def train_dataloader(self) -> Pass:
        return self.batches(self.epoch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        optimiser = torch.optim.AdamW(self.groups(), fused=True)
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

    def learnt(self, loss: Tensor) -> Tensor:
        """Note the loss of a step and hand it on."""
        self._losses.append(float(loss.detach()))
        return loss

    def laid(self, images: Tensor) -> Tensor:
        """Images with colours innermost in memory, where that is wanted."""
        wanted = self.wanted.channels_last and images.ndim == 4
        return images.contiguous(memory_format=torch.channels_last) if wanted else images

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:  # noqa: ARG002
        wanted = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        nn.utils.clip_grad_norm_(wanted, CLIP)  # Lightning's own clipping refuses fused optimisers

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        self._step = batch_idx + 1
        if time.monotonic() - self._spoke >= REPORT_SECONDS:
            self._say(f"epoch {self.epoch + 1} of {self.wanted.epochs}, batch {self._step} of {self._steps}", {})

    def on_train_epoch_end(self) -> None:
        figures: Json = {"loss": float(np.mean(self._losses)), "lr": self.optimizers().param_groups[-1]["lr"]}  # type: ignore[union-attr]
        figures |= self.judgement()
        self.epoch += 1
        self._step = 0
        self._remember(self.badness(figures) if math.isfinite(figures["loss"]) else math.nan)
        self.history.append({"epoch": self.epoch, **figures})
        self._save()
        self._say(self._sentence(figures), self.history[-1])
        if self.finished and self.trainer is not None:
            self.trainer.should_stop = True

    def _remember(self, loss: float) -> None:
        """Keep the weights of the epoch with the least loss; a loss that is no number never counts as better."""
        if loss < self.best_loss:
            self.best_loss, self.waited = loss, 0
            self.best = {name: tensor.detach().clone() for name, tensor in self.kept().items()}
        else:
            self.waited += 1

    def _sentence(self, figures: Json) -> str:
        said = f"epoch {self.epoch} of {self.wanted.epochs}: loss {figures['loss']:.3f}{self.praise(figures)}"
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
            "network": {name: tensor.detach() for name, tensor in self.tensors().items()},
            "best": self.best,
            "optimiser": self.optimizers().state_dict(),  # type: ignore[union-attr]
        }
        checkpoint.save(self.course.work, self.epoch, {**state, **self.more_state()})
        self._saved = time.monotonic()
        self._saving = self._saved - began

    def restore(self, state: dict[str, Any]) -> None:
        """Become what the checkpoint was."""
        self.epoch, self.history = state["epoch"], state["history"]
        self.best_loss, self.waited, self.best = state["best_loss"], state["waited"], state["best"]
        self._optimiser_state = copy.deepcopy(state["optimiser"])
        self.put(state["network"])
        self.restore_more(state)

    def put(self, values: dict[str, Tensor]) -> None:
        """Copy values into the network's own tensors, so that all that share them see them."""
        with torch.no_grad():
            for name, tensor in self.tensors().items():
                tensor.copy_(values[name])

    def settle(self) -> None:
        """Leave the network with its best weights, in evaluation mode."""
        if self.best is not None:
            self.put(self.best)
        self.network.eval()


def decaying(module: nn.Module, *, highest: float, decay: float) -> list[dict[str, Any]]:
    """Parameter groups for AdamW of what trains in `module`: no decay on vectors (biases, norms)."""
    wanted = [parameter for parameter in module.parameters() if parameter.requires_grad]
    matrices, vectors = [one for one in wanted if one.ndim > 1], [one for one in wanted if one.ndim <= 1]
    return [
        {"params": members, "lr": highest, "highest": highest, "weight_decay": share}
        for members, share in ((matrices, decay), (vectors, 0.0))
        if members
    ]


def rate_at(step: int, steps: int, *, warmup: float) -> float:
    """The share of the highest learning rate at `step` of `steps`: a straight rise, then half a cosine down."""
    rise = max(1.0, warmup * steps)
    if step < rise:
        return (step + 1) / (rise + 1)
    along = min(1.0, (step - rise) / max(1.0, steps - rise))
    return FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * along)) / 2
