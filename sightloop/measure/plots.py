"""Figures as SVG text that reads well on a light and on a dark page, the same bytes for the same numbers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected

GREY = "#7a7a7a"  # 4.3 : 1 on white, 4.4 : 1 on #111
BLUE = "#2563eb"
COLOURS = (BLUE, "#f59e0b", "#10b981", "#ef4444", "#a855f7", "#14b8a6", "#ec4899", "#84cc16", "#f97316", "#6366f1")
NUMBERED = 20  # classes up to which the cells of a confusion matrix are numbered
LEGEND = 12
_drawing = Lock()  # matplotlib's settings belong to the whole process


def confusion_svg(confusion: Sequence[Sequence[int]], *, classes: Sequence[str]) -> str:
    """A confusion matrix, truth down and answers across, shaded by the share of each true class."""
    counts = np.asarray(confusion, dtype=np.float64).reshape(len(classes), len(classes))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    edge = max(1, len(classes))
    side = min(3.0 + 0.45 * len(classes), 12.0)

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.set(xlabel="answer", ylabel="truth", xlim=(0, edge), ylim=(edge, 0), aspect="equal")
        axes.set_xticks(np.arange(len(classes)) + 0.5, classes, rotation=45, ha="right")
        axes.set_yticks(np.arange(len(classes)) + 0.5, classes)
        axes.tick_params(length=0)
        for (row, column), share in np.ndenumerate(shares):
            _cell(axes, row, column, share=float(share), text=str(int(counts[row, column])), many=len(classes))

    return _svg(draw, size=(side + 0.6, side))


def _cell(axes: Any, row: int, column: int, *, share: float, text: str, many: int) -> None:
    from matplotlib.patches import Rectangle

    shade = Rectangle(
        (column, row), 1, 1, facecolor=BLUE, alpha=round(0.04 + 0.96 * share, 4), linewidth=0, clip_on=False
    )
    axes.add_patch(shade)
    if many <= NUMBERED and text != "0":
        colour = "white" if share > 0.5 else GREY
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=colour, fontsize=9)


def roc_svg(curves: Sequence[Json]) -> str:
    """One-vs-rest ROC curves as `measure.labels.roc_curves` returns them."""

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
        for index, curve in enumerate(curves):
            named = f"{curve['class']} ({curve['auc']:.3f})" if index < LEGEND else "_more"
            axes.plot(curve["fpr"], curve["tpr"], color=COLOURS[index % len(COLOURS)], label=named)
        if curves:
            axes.legend(loc="lower right", frameon=False)

    return _svg(draw, size=(4.8, 4.4))


def reliability_svg(bins: Sequence[Json]) -> str:
    """A reliability diagram of `measure.calibration.reliability`: accuracy over confidence, gap shaded, n above."""
    filled = [row for row in bins if row["n"]]

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.06))
        for row in filled:
            middle, width = (row["low"] + row["high"]) / 2, (row["high"] - row["low"]) * 0.9
            axes.bar(middle, row["accuracy"], width=width, color=BLUE, alpha=0.75)
            gap = row["confidence"] - row["accuracy"]
            axes.bar(middle, gap, width=width, bottom=row["accuracy"], color=COLOURS[3], alpha=0.3)
            top = max(row["accuracy"], row["confidence"])
            axes.text(middle, top + 0.015, str(row["n"]), ha="center", fontsize=7, color=GREY)
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)

    return _svg(draw, size=(4.8, 4.4))


def curve_svg(history: Sequence[Mapping[str, float]], *, x: str = "epoch") -> str:
    """Training curves: losses on the left, shares (0..1) on the right; figures of another kind are left out.

    Args:
        history: one mapping per step; a figure may be missing in some.
        x: the figure that runs along the bottom; the position in `history` where it is missing.
    """
    names = sorted({name for point in history for name in point if name != x})
    losses = [name for name in names if "loss" in name]
    shares = [name for name in names if name not in losses and _is_share(name, history)]
    panels = [panel for panel in (("loss", losses), ("share", shares)) if panel[1]] or [("", [])]

    def draw(figure: Any) -> None:
        for axes, (title, figures) in zip(np.ravel(figure.subplots(1, len(panels))), panels, strict=True):
            axes.set(xlabel=x, ylabel=title)
            axes.xaxis.get_major_locator().set_params(integer=True)
            for index, name in enumerate(figures):
                points = [(point.get(x, place), point[name]) for place, point in enumerate(history) if name in point]
                axes.plot(*zip(*points, strict=True), color=COLOURS[index % len(COLOURS)], label=name, marker=".")
            if figures:
                axes.legend(frameon=False)

    return _svg(draw, size=(4.4 * len(panels), 3.4))


def histogram_svg(counts: Sequence[int], *, x: str) -> str:
    """How often a share falls into each of equally wide bins from 0 to 1; `x` is what is shared."""
    edges = np.linspace(0, 1, len(counts) + 1)

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.set(xlabel=x, ylabel="pictures", xlim=(0, 1))
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.bar(edges[:-1], counts, width=0.9 * edges[1], align="edge", color=BLUE, alpha=0.75)

    return _svg(draw, size=(4.8, 3.4))


def threshold_svg(curve: Sequence[Json], *, at: float) -> str:
    """Precision, recall and F1 over the threshold, as `measure.overlap.best_threshold` has them; `at` is the one used.

    Args:
        curve: [{threshold, precision, recall, f1}].
        at: 0..1, marked by a line.
    """
    places = [row["threshold"] for row in curve]

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.set(xlabel="threshold", ylabel="share of pixels", xlim=(0, 1), ylim=(0, 1.02))
        for colour, (name, label) in zip(
            COLOURS, (("f1", "Dice"), ("precision", "precision"), ("recall", "recall")), strict=False
        ):
            axes.plot(places, [row[name] for row in curve], color=colour, label=label)
        axes.axvline(at, color=GREY, linestyle=":", linewidth=1)
        if curve:
            axes.legend(frameon=False)

    return _svg(draw, size=(4.8, 3.4))


def _is_share(name: str, history: Sequence[Mapping[str, float]]) -> bool:
    words = set(name.split("_"))
    values = [point[name] for point in history if name in point]
    return not words & {"lr", "rate", "seconds", "step"} and all(0 <= value <= 1 for value in values)


def _svg(draw: Callable[[Any], None], *, size: tuple[float, float]) -> str:
    """Let `draw` fill a figure of `size` inches; neither the clock nor a random id gets into the bytes."""
    target = io.StringIO()
    with _style() as figure_class:
        figure = figure_class(figsize=size, layout="constrained")
        draw(figure)
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = target.getvalue()
    return text[text.index("<svg") :]


@contextmanager
def _style() -> Iterator[Any]:
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise Rejected(f"plots need {error.name!r}.", hint='Install "sightloop[train]".') from error
    inked = ("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor", "legend.labelcolor")
    settings: Any = dict.fromkeys(inked, GREY) | {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "font.family": ["sans-serif"],
        "font.size": 9,
        "svg.fonttype": "none",
        "svg.hashsalt": "sightloop",
        "text.parse_math": False,
    }
    with _drawing, mpl.rc_context(settings):
        yield Figure
