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
    "dice": "Dice (F1 of the pixels)",
    "iou_mean": "Mean IoU, the background's too",
    "precision": "Precision (pixels)",
    "recall": "Recall (pixels)",
    "boundary_f": "Boundary F",
    "dice_per_picture": "Mean Dice of a picture",
    "iou_per_picture": "Mean IoU of a picture",
    "empty_share": "Share of pictures with nothing in them",
    "false_alarm_share": "Share of those where something was found",
}
SIDES = {
    "test": "Test side (never trained on)",
    "classify": "Calibration side (chose the epoch and temperature)",
    "segment": "Calibration side (chose the epoch and the threshold)",
}
OF_CLASS = {"iou": "IoU", "precision": "Precision", "recall": "Recall", "f1": "F1"}


def write(manifest: Manifest) -> str:
    """The card of the bundle that `manifest` describes, as Markdown."""
    masks = manifest.task == "segment"
    use, settled = (_use_of_masks, _thresholds) if masks else (_use, _calibration)
    parts = [_head(manifest), use(manifest), _making(manifest), settled(manifest)]
    parts += [_promise(manifest.certificate)] if manifest.certificate else []
    parts += [_small_copy(manifest.metrics["int8"])] if manifest.metrics.get("int8") else []
    titles = {"test": SIDES["test"], "calibration": SIDES["segment" if masks else "classify"]}
    parts += [_quality(title, manifest.metrics[side]) for side, title in titles.items() if manifest.metrics.get(side)]
    return "\n\n".join([*parts, _limits(manifest)]) + "\n"


def complete(folder: Path, figures: Json) -> Manifest:
    """Add test figures to the bundle in `folder`, and write its card anew.

    Args:
        figures: as `measure.labels.score` or `measure.overlap.score` returns them.
    """
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
        "Input": _input(manifest),
        "Made": f"{made} by Sightloop {manifest.code_version or '–'}",
        "Data": f"snapshot `{manifest.snapshot}`" if manifest.snapshot else "not from a snapshot",
    }
    return f"# Model card{f': {project}' if project else ''}\n\n" + _table(("", ""), rows.items())


def _input(manifest: Manifest) -> str:
    side = manifest.input.size
    if manifest.input.mode == "native":
        return f"pictures at their own size, RGB; larger ones in tiles of at most {side} × {side} pixels"
    return f"{side} × {side} pixels, RGB, {manifest.input.mode}"


def _use(manifest: Manifest) -> str:
    return (
        "## Use\n\nAnswers which of its classes a picture shows, with calibrated probabilities. Below the project's "
        "confidence floor, or where a picture is unlike all training pictures, the product shows `unknown` instead.\n"
        f"It knows nothing beyond these classes: {', '.join(manifest.classes)}."
    )


def _use_of_masks(manifest: Manifest) -> str:
    return (
        "## Use\n\nAnswers with what probability each pixel shows each of its classes; a pixel belongs to the "
        "likeliest class at or above the project's threshold, else to none.\n"
        f"It knows nothing beyond these classes: {', '.join(manifest.classes)}."
    )


def _making(manifest: Manifest) -> str:
    source = manifest.weights
    kind = {
        "none": "from scratch (no pretrained weights)",
        "members": "from two trained members, which stay as they are",
        "live": f"from all weights of the live model (SHA-256 `{str(source.get('sha256', ''))[:16]}…`)",
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


def _promise(found: Mapping[str, Any]) -> str:
    """Who answers when, what was certified, and what it costs."""
    said = [_limit_of(found)] if found["threshold"] is not None else []
    if (human := found["human"]) and human["threshold"] is not None:
        said.append(
            f"From a confidence of {human['threshold']:.4f} on an answer is given, below people answer; at most "
            f"{human['epsilon']:g} of all pictures get a wrong answer."
        )
    said += [found["reason"]] if found["reason"] else []
    columns = ("version", "family", "backbone", "ms")
    rows = [(role, *(_text(one[key]) for key in columns)) for role, one in found["members"].items()]
    table = _table(("Member", "Version", "Family", "Backbone", "CPU-ms"), rows)
    costs = f"A picture costs {found['cost']['cascade_ms']:.2f} CPU-ms after decoding, on average."
    return "\n\n".join(["## Cascade", " ".join(said), table, costs])


def _limit_of(found: Mapping[str, Any]) -> str:
    loss = "lose at most {:g} accuracy against" if found["form"] == "labelled" else "differ in at most {:g} from"
    return (
        f"From a confidence of {found['threshold']:.4f} on the fast member answers "
        f"({_share(found['share_fast'])} of the pictures), below the accurate one. Certified with "
        f"{100 * (1 - found['delta']):.4g} % certainty: its answers {loss.format(found['epsilon'])} the accurate "
        f"member's. {found['k']} of {found['n']} certifying pictures count against it, at most {found['bound']:.4f} "
        "of all pictures do."
    )


def _text(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _small_copy(found: Mapping[str, Any]) -> str:
    """Both graphs side by side, and whether the 8-bit copy was kept."""
    said = "## 8-bit copy\n\n"
    said += (
        "Kept: each machine serves with whichever graph is faster there."
        if found["kept"]
        else f"Not kept: {found['reason']}."
    )
    if "accuracy" not in found:
        return said
    rows = [
        (
            f"Accuracy on {found['n']} calibration pictures",
            *(_share(found[key]) for key in ("accuracy", "accuracy_int8")),
        ),
        ("CPU-ms of a picture, where it was trained", *(f"{found[key]:.1f}" for key in ("ms", "ms_int8"))),
        ("Megabytes", *(f"{found[key] / 1e6:.1f}" for key in ("bytes", "bytes_int8"))),
    ]
    return f"{said} Mean cosine of both embeddings: {found['cosine']:.4f}.\n\n" + _table(("", "fp32", "int8"), rows)


def _thresholds(manifest: Manifest) -> str:
    """At which probability each class was cut best, which the last layer was then shifted to be at 0.5."""
    found: Mapping[str, Any] = manifest.metrics.get("thresholds", {})
    if not manifest.metrics.get("calibration"):
        return "## Threshold\n\nNo calibration side: masks are cut at 0.5, which nothing speaks for."
    said = "The threshold with the best pooled F1 on the calibration side, shifted to 0.5 in the last layer."
    return f"## Threshold\n\n{said}\n\n" + _table(
        ("Class", "Before"), ((name, _share(at)) for name, at in found.items())
    )


def _quality(title: str, figures: Mapping[str, Any]) -> str:
    rows = [(label, _figure(figures[name])) for name, label in FIGURES.items() if name in figures]
    text = f"## {title}\n\n{figures.get('n', 0)} pictures. Intervals: 95 % bootstrap over near-duplicate groups.\n\n"
    if "tolerance_px" in figures:
        text += f"Masks at threshold {figures['threshold']:g}; boundaries within {figures['tolerance_px']:g} pixels. "
        text += f"{figures['notes']}\n\n"
    return "\n\n".join([text + _table(("Figure", "Value"), rows), *_per_class(figures)])


def _per_class(figures: Mapping[str, Any]) -> list[str]:
    """The table of classes, where there is one."""
    rows = figures.get("per_class", [])
    columns = {key: label for key, label in OF_CLASS.items() if rows and key in rows[0]}
    cells = [(row["class"], str(row["n"]), *(_share(row[key]) for key in columns)) for row in rows]
    return [_table(("Class", "Pictures", *columns.values()), cells)] if cells else []


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
