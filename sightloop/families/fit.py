"""Runs the training loop with Lightning, silently; it resumes exactly where a killed one stopped."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import torch

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.families import checkpoint, torchvision_ops
from sightloop.families.convolution import quick_gradients
from sightloop.families.loop import Loop
from sightloop.families.parameters import Taught

torchvision_ops.declare()

import lightning.pytorch as lightning  # noqa: E402 — imports torchvision, which needs the operators declared above


def fit(learner: Loop[Any]) -> list[Json]:
    """Train the learner's network in place, leave it with its best epoch's weights, and return one row per epoch.

    The result does not depend on how often training was killed and called again.

    Raises:
        Rejected: the training diverged.
        Cancelled: the course's `report` raised it.
    """
    course = learner.course
    state = checkpoint.latest(course.work, key=course.key)
    if state is not None:
        learner.restore(state)
    if not learner.finished:
        with _quiet(), _threads(course.params.threads), quick_gradients(learner.network):
            trainer = _trainer(course.params, epochs=course.params.epochs - learner.epoch, judges=learner.judges)
            learner.train()
            trainer.fit(learner)
    if learner.best is None:
        loss, rate = learner.history[-1]["loss"], course.params.lr
        raise Rejected(f"the training diverged: its loss became {loss}.", hint=f"Choose a lower lr than {rate:g}.")
    learner.settle()
    return learner.history


def _trainer(params: Taught, *, epochs: int, judges: bool) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=epochs,
        precision="bf16-mixed" if params.precision == "bf16" else "32-true",
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        limit_val_batches=1.0 if judges else 0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


@contextlib.contextmanager
def _threads(wanted: int) -> Iterator[None]:
    """Let the arithmetic use so many cores, 0 for all: with more than there are free, threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(wanted or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's greetings and its advice on data loaders stay unsaid; every other warning passes."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=r"Found \d+ module\(s\) in eval mode")  # the frozen ones, on purpose
        warnings.filterwarnings("ignore", message=r".*isinstance\(treespec, LeafSpec\).*", category=FutureWarning)
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
