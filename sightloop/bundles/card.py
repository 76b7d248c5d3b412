"""The model card (Mitchell et al., "Model Cards for Model Reporting", 2019): what a bundle is, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sightloop.bundles import format as bundle_format
from sightloop.bundles.format import Manifest
from sightloop.core.entities import Json

CARD = "card.md"
FIGURES = {
    "accuracy": "Accuracy (arg-max)",
    "unknown_share": "Share answered `unknown`",
    "macro_f1": "Macro F1",
    "macro_precision": "Macro precision",
    "macro_recall": "Macro recall",
    "roc_auc": "ROC-AUC",
    "ece": "ECE",
}


def write(manifest: Manifest) -> str:
    """The card of the bundle that `manifest` describes, as Markdown."""
    parts = [_head(manifest), _use(manifest), _making(manifest), _calibration(manifest)]
    judged = [side for side in ("test", "calibration") if manifest.metrics.get(side)]
    parts += [_quality(side, manifest.metrics[side]) for side in judged]
    return "\n\n".join([*parts, _limits(manifest)]) + "\n"


def complete(folder: Path, figures: Json) -> Manifest:
    """Add test figures (as `measure.labels.score` returns them) to the bundle in `folder`, and write its card anew."""
    manifest = bundle_format.parse(folder)
    manifest = replace(manifest, metrics={**manifest.metrics, "test": figures})
    bundle_format.replace_file(folder / CARD, write(manifest).encode())
    return bundle_format.write(folder, manifest)


def _head(manifest: Manifest) -> str:
    made = (
        datetime.fromtimestamp(manifest.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC") if manifest.created_at else "–"
    )
    project = manifest.params.get("project", "")
    rows = {
        "Task": manifest.task,
        "Classes": f"{len(manifest.classes)}: {', '.join(manifest.classes)}",
        "Family": manifest.family,
        "Backbone": manifest.backbone,
        "Input": f"{manifest.input.size} × {manifest.input.size} pixels, RGB, {manifest.input.mode}",
        "Made": f"{made} by Sightloop {manifest.code_version or '–'}",
        "Data": f"snapshot `{manifest.snapshot}`" if manifest.snapshot else "not from a snapshot",
    }
    return f"# Model card{f': {project}' if project else ''}\n\n" + _table(("", ""), rows.items())


def _use(manifest: Manifest) -> str:
    return (
        "## Use\n\nAnswers which of its classes a picture shows, with calibrated probabilities. Below the project's "
        "confidence floor, or where a picture is unlike all training pictures, the product shows `unknown` instead.\n"
        f"It knows nothing beyond these classes: {', '.join(manifest.classes)}."
    )


def _making(manifest: Manifest) -> str:
    source = manifest.weights
    kind = {
        "none": "from scratch (no pretrained weights)",
        "hub": "pretrained weights from timm's hub",
        "file": f"pretrained weights `{source.get('file')}` (SHA-256 `{str(source.get('sha256', ''))[:16]}…`)",
    }.get(str(source.get("kind")), "not recorded")
    counts = manifest.metrics.get("pictures", {})
    taught = ", ".join(f"{side}: {number}" for side, number in counts.items())
    settings = _table(("Parameter", "Value"), ((name, f"`{value}`") for name, value in sorted(manifest.params.items())))
    return f"## Training\n\nStarted {kind}. {f'Pictures: {taught}.' if taught else ''}\n\n{settings}"


def _calibration(manifest: Manifest) -> str:
    figures = manifest.metrics.get("temperature_scaling", {})
    before, after = figures.get("ece_before"), figures.get("ece_after")
    said = f"Softmax temperature {manifest.temperature:.3f}, fitted on the calibration side."
    if before is not None and after is not None:
        said += f" ECE {before:.3f} before, {after:.3f} after (cross-fitted in two halves)."
    return f"## Calibration\n\n{said}"


def _quality(side: str, figures: Mapping[str, Any]) -> str:
    title = "Test side (never trained on)" if side == "test" else "Calibration side (chose the epoch and temperature)"
    rows = [(label, _figure(figures[name])) for name, label in FIGURES.items() if name in figures]
    text = f"## {title}\n\n{figures.get('n', 0)} pictures. Intervals: 95 % bootstrap over near-duplicate groups.\n\n"
    text += _table(("Figure", "Value"), rows)
    per_class = [
        (row["class"], str(row["n"]), _share(row["precision"]), _share(row["recall"]), _share(row["f1"]))
        for row in figures.get("per_class", [])
    ]
    return text + ("\n\n" + _table(("Class", "Pictures", "Precision", "Recall", "F1"), per_class) if per_class else "")


def _limits(manifest: Manifest) -> str:
    lines = ["Figures hold for pictures like those it was judged on; other cameras, places or seasons need their own."]
    rare = [row["class"] for row in manifest.metrics.get("test", {}).get("per_class", []) if row["n"] < 10]
    if rare:
        lines.append(f"Fewer than 10 test pictures, so little is known of: {', '.join(rare)}.")
    if "test" not in manifest.metrics:
        lines.append("It has not been judged on a test side.")
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _figure(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _share(value)
    if value.get("low") is None:
        return _share(value.get("value"))
    return f"{_share(value['value'])} ({_share(value['low'])} … {_share(value['high'])})"


def _share(value: Any) -> str:
    value = value.get("value") if isinstance(value, Mapping) else value
    return "–" if value is None else f"{value:.3f}"


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(str(cell).replace('|', '/') for cell in row)} |" for row in rows)])
