"""The trained artefact and what it becomes in memory, without torch."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from sightloop.bundles import format as bundle_format
from sightloop.core.errors import BadBundle
from sightloop.core.ports import Predictor

KINDS = {"boosted": "boosted", "cascade": "cascade"}  # families whose classifiers are more than one graph


def load(folder: Path, *, threads: int = 1, precision: str = "auto") -> Predictor:
    """Verify the bundle in `folder` by its hashes and load it, ready to predict.

    Args:
        threads: threads that one call of `predict` may use; 1 where there are as many predictors as cores.
        precision: of two graphs the "fp32" or the "int8" one; "auto" takes the one that is faster here.

    Raises:
        BadBundle: damaged, of a newer format, or of a task that this version cannot serve.
    """
    manifest = bundle_format.read(folder)
    kinds = {"classify": KINDS.get(manifest.family, "classifier"), "segment": "segmenter"}
    if manifest.task not in kinds:
        raise BadBundle(
            f"this version cannot serve a bundle for task {manifest.task!r}.",
            hint="Update Sightloop, or pick another model.",
        )
    module = import_module(f"sightloop.bundles.{kinds[manifest.task]}")
    asked = {} if precision == "auto" else {"precision": precision}
    return cast(Predictor, module.PREDICTOR(folder, manifest, threads=threads, **asked))
