"""Learning masks: cross-entropy and Dice on several levels, averaged weights, Dice on the calibration side."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sightloop.bundles.format import Input
from sightloop.core.entities import Json
from sightloop.families.gated_unet import AttentionUnet
from sightloop.families.loop import Course, Loop, decaying
from sightloop.families.parameters import UnetParams
from sightloop.families.tiles_data import JudgedWindows, MaskedPictures, TileBatches
from sightloop.measure.overlap import best_threshold

SMOOTH = 1.0  # pixels added to both sides of a Dice, so that an empty tile has one

Histograms = NDArray[np.int64]  # (2, classes, 256): pixels of the background and of each class per map value


class MaskLearner(Loop[UnetParams]):
    """One training of an Attention U-Net.

    What is judged and kept are the averaged weights (Polyak and Juditsky, 1992, with exponential decay). `histograms`
    are those of the best epoch on `judge`, empty where that side is.
    """

    network: AttentionUnet

    def __init__(
        self,
        network: AttentionUnet,
        train: MaskedPictures,
        judge: MaskedPictures,
        *,
        spec: Input,
        course: Course[UnetParams],
    ) -> None:
        self.spec = spec
        self.sides = (train, judge)
        super().__init__(network, course=course)
        self.averaged = {name: tensor.detach().clone() for name, tensor in self.tensors().items()}
        self.histograms, self._found = np.zeros((2, 2, train.classes, 256), np.int64)
        self._taught = 0
        self._started = time.monotonic()

    @property
    def judges(self) -> bool:
        return len(self.sides[1]) > 0

    def batches(self, epoch: int) -> TileBatches:
        return TileBatches(self.sides[0], self.spec, self.course.params, epoch)

    def val_dataloader(self) -> JudgedWindows:
        return JudgedWindows(self.sides[1], self.spec, self.network.multiple)

    def groups(self) -> list[dict[str, Any]]:
        share = self.wanted.backbone_lr if self.course.pretrained else 1.0
        encoder = getattr(self.network.encoder, "body", self.network.encoder)
        own = {id(parameter) for parameter in encoder.parameters()}
        found = decaying(encoder, highest=self.wanted.lr * share, decay=self.wanted.weight_decay)
        for group in decaying(self.network, highest=self.wanted.lr, decay=self.wanted.weight_decay):
            group["params"] = [parameter for parameter in group["params"] if id(parameter) not in own]
            found.append(group)
        return found

    def tensors(self) -> dict[str, Tensor]:
        return dict((*self.network.named_parameters(), *self.network.named_buffers()))

    def kept(self) -> dict[str, Tensor]:
        return self.averaged

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self._started = time.monotonic()

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:  # noqa: ARG002
        images, targets, *weights = batch
        levels, _ = self.network(self.laid(images))
        return self.learnt(loss_of(levels, targets, *weights, deep=self.wanted.deep))

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        self._average()
        super().on_train_batch_end(outputs, batch, batch_idx)

    def _average(self) -> None:
        """Move the averaged weights towards those of this step; the first steps count for less."""
        self._taught += 1
        keep = min(self.wanted.averaging, self._taught / (9 + self._taught))
        with torch.no_grad():
            for name, tensor in self.tensors().items():
                if tensor.dtype.is_floating_point:
                    self.averaged[name].lerp_(tensor, 1 - keep)
                else:
                    self.averaged[name].copy_(tensor)

    def on_validation_epoch_start(self) -> None:
        self._found = np.zeros_like(self._found)
        self._current = {name: tensor.detach().clone() for name, tensor in self.tensors().items()}
        self.put(self.averaged)

    def validation_step(self, batch: list[tuple[Tensor, Tensor]], batch_idx: int) -> None:  # noqa: ARG002
        for image, mask in batch:
            logits = self.network(self.laid(image))[0][0, :, : mask.shape[0], : mask.shape[1]]
            self._found += count(logits.float(), mask)

    def on_validation_epoch_end(self) -> None:
        self.put(self._current)

    def judgement(self) -> Json:
        """The Dice pooled over the side's pixels at each class's best threshold, mean over the classes."""
        figures: Json = {"seconds": time.monotonic() - self._started}
        return figures | ({"dice": pooled_dice(self._found)} if self.judges else {})

    def badness(self, figures: Json) -> float:
        found = -figures["dice"] if self.judges else -float(self.epoch)
        if found < self.best_loss:
            self.histograms = self._found.copy()
        return found

    def praise(self, figures: Json) -> str:
        return f", calibration Dice {figures['dice']:.3f}" if "dice" in figures else ""

    def more_state(self) -> dict[str, Any]:
        return {
            "averaged": self.averaged,
            "taught": self._taught,
            "histograms": torch.from_numpy(self.histograms),
        }

    def restore_more(self, state: dict[str, Any]) -> None:
        self.averaged = {name: tensor.clone() for name, tensor in state["averaged"].items()}
        self._taught, self.histograms = state["taught"], state["histograms"].numpy().copy()


def loss_of(levels: list[Tensor], targets: Tensor, weights: Tensor | None = None, *, deep: float) -> Tensor:
    """Binary cross-entropy plus Dice of every level; each coarser one weighs about a third less, the finest 1.

    Args:
        levels: logits (n, classes, h, w), coarse to fine; coarse ones meet the share of each class in their pixels.
        targets: (n, classes, height, width) of 0 and 1.
        weights: (n,) what each picture counts; None where all count alike.
        deep: weight of the level next to the finest; 0 teaches the finest only.
    """
    total = torch.zeros(())
    for below, logits in enumerate(reversed(levels)):
        weight = 1.0 if below == 0 else deep * (2 / 3) ** (below - 1)
        if weight:
            size = (logits.shape[2], logits.shape[3])
            wanted = targets if targets.shape[2:] == logits.shape[2:] else functional.adaptive_avg_pool2d(targets, size)
            counts = None if weights is None else weights[:, None, None, None]
            entropy = functional.binary_cross_entropy_with_logits(logits.float(), wanted, weight=counts)
            total = total + weight * (entropy + dice_loss(logits.float(), wanted, weights))
    return total


def dice_loss(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """1 less the soft Dice of every picture and class, mean (Milletari et al., "V-Net", 2016, without squares).

    With `weights` (n,) each picture's part of the mean is that many times as large.
    """
    found = torch.sigmoid(logits)
    both, either = (found * targets).sum((2, 3)), found.sum((2, 3)) + targets.sum((2, 3))
    dice = (2 * both + SMOOTH) / (either + SMOOTH)
    return 1 - dice.mean() if weights is None else ((1 - dice) * weights[:, None]).mean()


def count(logits: Tensor, mask: Tensor) -> Histograms:
    """How many pixels of the background and of each class have each map value, of logits (classes, h, w)."""
    values = torch.sigmoid(logits).mul_(255).round_().numpy().astype(np.uint8)
    truth = mask.numpy()
    found = np.zeros((2, len(values), 256), np.int64)
    for index, plane in enumerate(values):
        joined = plane + (truth == index + 1) * np.uint16(256)
        found[:, index] = np.bincount(joined.reshape(-1), minlength=512).reshape(2, 256)
    return found


def pooled_dice(histograms: Histograms) -> float:
    """Mean over the classes that occur of the best pooled Dice; 0 where none does."""
    rows = [best_threshold(marked, rest)["f1"] for rest, marked in zip(*histograms, strict=True)]
    known = [row for row in rows if row is not None]
    return float(np.mean(known)) if known else 0.0
