"""What an exported model that segments says of the pictures that calibrate it and of those that taught it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sightloop.bundles.segmenter import Segmenter
from sightloop.core.arrays import Embedding, Mask, Scores
from sightloop.core.entities import Json, Progress
from sightloop.core.ports import Report
from sightloop.families.data import pool
from sightloop.families.finishing import Made
from sightloop.families.tiles_data import MaskedPictures, inside, windows
from sightloop.measure.overlap import Counts, count, score
from sightloop.vision import masks

FOLDED = 0.5  # the threshold that the served model is best at
TOLERANCE = 2.0  # pixels that a boundary may be off
CHUNK = 16


def judged(made: Made, served: Segmenter, *, report: Report) -> tuple[Json, Embedding, Scores]:
    """Figures of the calibration side as the exported model answers it, with embeddings and probabilities."""
    pictures = MaskedPictures(made.data.calibration, classes=len(made.data.classes))

    def judge(index: int) -> tuple[Counts, Embedding, Scores]:
        pixels, truth = pictures.load(index)
        found = served.predict([pixels])
        predicted: Mask = masks.threshold(found.maps[0], FOLDED)
        counts = count(predicted, truth, classes=pictures.classes, tolerance=TOLERANCE)
        return counts, found.embeddings[0], found.probabilities[0]

    rows = []
    for start in range(0, len(pictures), CHUNK):
        rows += list(pool().map(judge, range(start, min(start + CHUNK, len(pictures)))))
        report(Progress(len(rows), len(pictures), f"calibrating: {len(rows)} of {len(pictures)} pictures"))
    figures = score(
        [counts for counts, _, _ in rows],
        classes=made.data.classes,
        groups=[example.group_id for example in pictures.examples],
        threshold=FOLDED,
        tolerance=TOLERANCE,
        seed=made.params.seed,
    )
    shape = (len(rows), len(made.data.classes))
    held_out = np.array([embedding for _, embedding, _ in rows], np.float32).reshape(len(rows), served.width)
    return figures if rows else {}, held_out, np.array([found for _, _, found in rows], np.float64).reshape(shape)


def embedded(made: Made, served: Segmenter, chosen: Sequence[int], *, report: Report) -> Embedding:
    """Embeddings (n, d) of training pictures; of a very large one, of at most four windows."""
    pictures = MaskedPictures(made.data.train, classes=len(made.data.classes))

    def embed(index: int) -> Embedding:
        pixels, mask = pictures.load(index)
        parts = [inside(pixels, tile) for tile in windows(mask.shape, multiple=served.multiple)]
        total = served.predict(parts).embeddings.sum(axis=0)
        return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float32)

    rows: list[Embedding] = []
    for start in range(0, len(chosen), CHUNK):
        rows += list(pool().map(embed, chosen[start : start + CHUNK]))
        report(Progress(len(rows), len(chosen), f"describing what is familiar: {len(rows)} of {len(chosen)} pictures"))
    return np.stack(rows)
