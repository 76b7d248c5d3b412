"""Complete a bundle folder with what people want to see of a model: plots, figures, card."""

from __future__ import annotations

from pathlib import Path

from sightloop.bundles import card
from sightloop.core.entities import Json
from sightloop.flows.judging import Judged
from sightloop.measure import calibration, labels, plots


def complete(folder: Path, *, judged: Judged, figures: Json, history: list[Json]) -> None:
    """Write plots/*.svg, the figures and card.md into the bundle in `folder`; its hashes are renewed."""
    drawn = folder / "plots"
    drawn.mkdir(exist_ok=True)
    for name, svg in _plots(judged, figures, history).items():
        (drawn / f"{name}.svg").write_text(svg)
    card.complete(folder, figures)


def _plots(judged: Judged, figures: Json, history: list[Json]) -> dict[str, str]:
    found = {"confusion": plots.confusion_svg(figures["confusion"], classes=judged.classes)}
    if history:
        found["curve"] = plots.curve_svg(history)
    if len(judged.targets):
        curves = labels.roc_curves(judged.probabilities, judged.targets, classes=judged.classes)
        found["roc"] = plots.roc_svg(curves)
        bins = calibration.reliability(judged.probabilities, judged.targets)
        found["reliability"] = plots.reliability_svg(bins)
    return found
