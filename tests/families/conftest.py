"""A training set of small pictures."""

from __future__ import annotations

import pytest
import torch

from sightloop.core.entities import TrainingSet
from tests.families.masked import training_set
from tests.families.pictures import CLASSES, examples

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    folder = tmp_path_factory.mktemp("pictures")
    sides = [examples(folder, count=count, seed=seed) for count, seed in ((12, 0), (6, 500), (2, 900))]
    return TrainingSet(CLASSES, *sides)


@pytest.fixture(scope="session")
def lines(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Lines with their masks."""
    return training_set(tmp_path_factory.mktemp("lines"))
