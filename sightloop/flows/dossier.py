"""Complete a bundle folder with what people want to see of a model: plots, figures, card."""

from __future__ import annotations

from pathlib import Path

from sightloop.bundles import card
from sightloop.core.entities import Json
from sightloop.flows.judging import Judged
from sightloop.measure import plots


def complete(folder: Path, *, judged: Judged, figures: Json, history: list[Json]) -> None:
    """Write plots/*, the figures and card.md into the bundle in `folder`; its hashes are renewed."""
    drawn = judged.plots(figures)
    epochs = [row for row in history if "epoch" in row]
    if epochs:
        drawn["curve.svg"] = plots.curve_svg(epochs).encode()
    (folder / "plots").mkdir(exist_ok=True)
    for name, data in drawn.items():
        (folder / "plots" / name).write_bytes(data)
    card.complete(folder, figures)
