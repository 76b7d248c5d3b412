"""Pictures as numbers whose changes are known, for tests of drift."""

from __future__ import annotations

import numpy as np

from sightloop.measure.drift import Names, Sample

CLASSES = ("a", "b", "c")
NAMES = Names(CLASSES, ("blur", "brightness", "noise"), CLASSES)
WIDTH = 16
BASIS = np.eye(WIDTH)[:, :8]
CENTRES = np.eye(WIDTH)[:3]


def drawn(
    rng: np.random.Generator,
    n: int,
    *,
    mix: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3),
    blur: float = 0.0,
    moved: float = 0.0,
    strange: float = 0.0,
) -> Sample:
    """n pictures of three classes; `truth` is what they are answered with in nine of ten cases.

    Args:
        mix: how frequent the classes are.
        blur: moves the first statistic by so many standard deviations.
        moved: moves the embeddings of all classes in a direction of their own.
        strange: share of pictures that no class is like.
    """
    return known(rng, n, mix=mix, blur=blur, moved=moved, strange=strange)[0]


def known(
    rng: np.random.Generator,
    n: int,
    *,
    mix: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3),
    blur: float = 0.0,
    moved: float = 0.0,
    strange: float = 0.0,
) -> tuple[Sample, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """As `drawn`, and the true classes."""
    truth = rng.choice(3, n, p=mix)
    embeddings = CENTRES[truth] + rng.normal(0, 0.35, (n, WIDTH))
    embeddings[:, 5] += moved
    odd = rng.random(n) < strange
    embeddings[odd] = rng.normal(0, 0.5, (int(odd.sum()), WIDTH)) + np.eye(WIDTH)[6]
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    logits = 8 * embeddings @ CENTRES.T
    answers = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    statistics = rng.normal(size=(n, 3))
    statistics[:, 0] += blur
    percentile = np.where(odd, 0.99, rng.random(n))
    return Sample(answers, embeddings, statistics, answers.argmax(axis=1), percentile), truth


def reference(rng: np.random.Generator, n: int = 300) -> Sample:
    """Held-out pictures."""
    return drawn(rng, n)
