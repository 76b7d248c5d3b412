"""Tests of the SVG figures."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest

from sightloop.core.errors import Rejected
from sightloop.measure import plots
from sightloop.measure.calibration import reliability

pytest.importorskip("matplotlib")

HISTORY = [
    {"epoch": e, "train_loss": 1 / e, "val_loss": 1.2 / e, "val_accuracy": 1 - 1 / e, "lr": 1e-3} for e in (1, 2, 3)
]
PROBABILITIES = np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]])
CURVE = {"class": "cat", "auc": 0.875, "fpr": [0.0, 0.5, 1.0], "tpr": [0.0, 1.0, 1.0]}

DRAWN: dict[str, Callable[[], str]] = {
    "confusion": lambda: plots.confusion_svg([[3, 1], [0, 4]], classes=("cat", "dog")),
    "roc": lambda: plots.roc_svg([CURVE]),
    "reliability": lambda: plots.reliability_svg(reliability(PROBABILITIES, np.array([0, 1, 1]))),
    "curve": lambda: plots.curve_svg(HISTORY),
    "histogram": lambda: plots.histogram_svg([0, 3, 1, 9], x="Dice"),
    "threshold": lambda: plots.threshold_svg(
        [{"threshold": t, "precision": t, "recall": 1 - t, "f1": 0.5} for t in (0.1, 0.5, 0.9)], at=0.5
    ),
}
EMPTY: dict[str, Callable[[], str]] = {
    "confusion": lambda: plots.confusion_svg([], classes=()),
    "roc": lambda: plots.roc_svg([]),
    "reliability": lambda: plots.reliability_svg([]),
    "curve": lambda: plots.curve_svg([]),
    "histogram": lambda: plots.histogram_svg([0] * 20, x="Dice"),
    "threshold": lambda: plots.threshold_svg([], at=0.5),
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_numbers_give_the_same_bytes(name: str) -> None:
    assert DRAWN[name]() == DRAWN[name]()


@pytest.mark.parametrize("name", DRAWN)
def test_no_picture_paints_its_background_or_writes_in_black(name: str) -> None:
    svg = DRAWN[name]()
    assert 'id="patch_1"' in svg
    assert re.search(r'id="patch_1">\s*<path[^>]*style="fill: none"', svg)
    assert not re.search(r"(fill|stroke): (#000000|black)", svg)
    assert all("#7a7a7a" in style or "#ffffff" in style for style in re.findall(r"<text style=\"([^\"]*)\"", svg))


@pytest.mark.parametrize("name", [*DRAWN])
def test_pictures_are_well_formed_even_when_there_is_nothing_to_draw(name: str) -> None:
    for svg in (DRAWN[name](), EMPTY[name]()):
        assert ElementTree.fromstring(svg).tag.endswith("svg")  # noqa: S314 - our own text


def test_a_class_name_is_text_and_never_markup_or_mathematics() -> None:
    svg = plots.confusion_svg([[1]], classes=("<b>$x^2$ & co",))
    assert "&lt;b&gt;$x^2$ &amp; co" in svg


def test_training_curves_leave_out_figures_of_another_kind() -> None:
    svg = DRAWN["curve"]()
    assert "val_accuracy" in svg
    assert "train_loss" in svg
    assert ">lr<" not in svg


def test_a_large_confusion_matrix_is_drawn_without_numbers() -> None:
    names = [f"class {index}" for index in range(30)]
    assert ">777<" not in plots.confusion_svg(np.full((30, 30), 777).tolist(), classes=names)


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(Rejected) as caught:
        plots.roc_svg([])
    assert "sightloop[train]" in caught.value.hint
