"""What kind of change it is: each kind is told from the others on pictures that changed in one way only."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from sightloop.measure import drift, shift
from tests.measure.drifting import BASIS, NAMES, drawn, known

MIXED = (0.75, 0.125, 0.125)


def told(seed: int, **changes: Any) -> str:
    """The kind of a window of 300 pictures against 300 held-out ones."""
    rng = np.random.default_rng(seed)
    held, truth = known(rng, 300)
    window = drawn(rng, 300, **changes)
    found = drift.evidence(held, window, basis=BASIS, names=NAMES)
    return shift.kind(found, held, window, truth=truth, basis=BASIS, names=NAMES)[0]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("none", {}),
        ("label", {"mix": MIXED}),
        ("acquisition", {"blur": -1.0}),
        ("strangers", {"strange": 0.3}),
        ("covariate", {"moved": 0.6}),
        ("covariate", {"moved": 0.6, "blur": -1.0}),
        ("covariate", {"moved": 0.6, "mix": MIXED}),
    ],
)
def test_a_change_of_one_kind_is_called_by_its_name(kind: str, changes: dict[str, Any]) -> None:
    found = Counter(told(seed, **changes) for seed in range(20))
    assert found[kind] >= 17, found


def test_every_kind_has_words() -> None:
    assert set(shift.WORDS) == {"none", "label", "acquisition", "strangers", "covariate"}


def test_the_new_mix_is_estimated_from_predictions_alone() -> None:
    rng = np.random.default_rng(0)
    held, truth = known(rng, 1000)
    window = drawn(rng, 1000, mix=MIXED)
    ratio = shift.class_weights(shift.confusion(held.predicted, truth, 3), window.predicted)
    assert ratio is not None
    assert ratio * np.bincount(truth) / 1000 == pytest.approx(MIXED, abs=0.06)


def test_a_mix_that_answers_cannot_tell_apart_is_not_estimated() -> None:
    assert shift.class_weights(np.full((3, 3), 1 / 9), np.array([0, 1, 2])) is None


def test_unknown_truths_leave_the_mix_alone() -> None:
    rng = np.random.default_rng(0)
    held, window = drawn(rng, 300), drawn(rng, 300, mix=MIXED)
    found = drift.evidence(held, window, basis=BASIS, names=NAMES)
    told = shift.kind(found, held, window, truth=np.full(300, -1), basis=BASIS, names=NAMES)
    assert told[0] == "covariate"
    assert told[1]["priors"] is None


def test_the_changed_pictures_drive_the_change() -> None:
    rng = np.random.default_rng(1)
    held, window = drawn(rng, 300), drawn(rng, 200)
    changed = np.arange(200) < 40
    window.statistics[changed, 0] -= 3
    scores = shift.driving(held, window, basis=BASIS)
    assert np.argsort(-scores)[:24].max() < 40
    assert ((scores >= 0) & (scores <= 1)).all()
