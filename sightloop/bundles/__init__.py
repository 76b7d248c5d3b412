"""The trained artefact and what it becomes in memory, without torch."""

from __future__ import annotations

from pathlib import Path

from sightloop.bundles import format as bundle_format
from sightloop.core.errors import BadBundle
from sightloop.core.ports import Predictor


def load(folder: Path, *, threads: int = 1) -> Predictor:
    """Verify the bundle in `folder` by its hashes and load it, ready to predict.

    Args:
        threads: threads that one call of `predict` may use; 1 where there are as many predictors as cores.

    Raises:
        BadBundle: damaged, of a newer format, or of a task that this version cannot serve.
    """
    manifest = bundle_format.read(folder)
    if manifest.task == "classify":
        from sightloop.bundles.classifier import Classifier

        return Classifier(folder, manifest, threads=threads)
    if manifest.task == "segment":
        from sightloop.bundles.segmenter import Segmenter

        return Segmenter(folder, manifest, threads=threads)
    raise BadBundle(
        f"this version cannot serve a bundle for task {manifest.task!r}.",
        hint="Update Sightloop, or pick another model.",
    )
