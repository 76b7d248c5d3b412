"""The bundle of a cascade on disk: both members without what serving does not need, card and manifest."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from sightloop import __version__
from sightloop.bundles import card, reference, runner
from sightloop.bundles import format as bundle_format
from sightloop.bundles.cascade import ACCURATE, FAST
from sightloop.bundles.classifier import REFERENCE, Classifier
from sightloop.bundles.format import Manifest
from sightloop.bundles.graphs import INT8, MODEL
from sightloop.core.entities import Json
from sightloop.families.asking import Pair
from sightloop.families.parameters import CascadeParams

LEFT_OUT = (card.CARD, "weights.safetensors", *runner.FILES)  # of a member: what serving does not need


def write(folder: Path, pair: Pair, params: CascadeParams, *, metrics: Json, promise: Json, context: Json) -> None:
    """Write the complete bundle into `folder`, from the start or not at all.

    Args:
        promise: the manifest's certificate; its temperature becomes the fast member's.
        context: members {role: {"folder", "version"}}; snapshot and created_at where known.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sources = {role: Path(one["folder"]) for role, one in context["members"].items()}
    _copy(pair.fast, sources[FAST], folder / FAST, temperature=promise["temperature"])
    _copy(pair.accurate, sources[ACCURATE], folder / ACCURATE, temperature=pair.accurate.manifest.temperature)
    manifest = _manifest(pair, params, promise, metrics=metrics, context=context)
    bundle_format.replace_file(folder / card.CARD, card.write(manifest).encode())
    runner.write(folder, manifest)
    bundle_format.write(folder, manifest)


def _copy(member: Classifier, source: Path, target: Path, *, temperature: float) -> None:
    """Copy what serving a member at this temperature needs; of two graphs only the one that was certified."""
    target.mkdir()
    other = MODEL if member.precision == "int8" else INT8
    for name in member.manifest.files:
        if "/" not in name and name not in (*LEFT_OUT, other):
            shutil.copyfile(source / name, target / name)
    if (target / REFERENCE).exists() and temperature != member.manifest.temperature:
        _retemper(target / REFERENCE, member.manifest.temperature / temperature)
    bundle_format.write(target, replace(member.manifest, temperature=temperature))


def _retemper(path: Path, power: float) -> None:
    """Bring the probabilities in a reference to another temperature: softmax(x / a) ** (a / b) ~ softmax(x / b)."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    found = arrays["probabilities"].astype(np.float64) ** power
    found = (found / found.sum(axis=1, keepdims=True)).astype(np.float32)
    reference.save(path, {**arrays, "probabilities": found, "confidences": np.sort(found.max(axis=1, initial=0.0))})


def _manifest(pair: Pair, params: CascadeParams, promise: Json, *, metrics: Json, context: Json) -> Manifest:
    versions = {role: str(one["version"]) for role, one in context["members"].items()}
    fast, accurate = pair.fast.manifest, pair.accurate.manifest
    return Manifest(
        task="classify",
        classes=pair.classes,
        input=fast.input,
        family="cascade",
        backbone=f"{fast.backbone} → {accurate.backbone}",
        temperature=promise["temperature"],
        params={**asdict(params), **versions},
        weights={"kind": "members"},
        snapshot=context.get("snapshot"),
        code_version=__version__,
        metrics=metrics,
        certificate=promise,
        created_at=float(context.get("created_at") or time.time()),
    )
