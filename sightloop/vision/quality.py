"""Is this picture fit to learn from? Measures on a small copy, and limits drawn from the project's own pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightloop.core.arrays import Pixels
from sightloop.vision import resize

Limits = dict[str, tuple[float | None, float | None]]
ISSUES = (
    "blurry",
    "dark",
    "light",
    "low_information",
    "odd_size",
    "odd_aspect",
    "grayscale",
    "exact_duplicate",
    "near_duplicate",
)
DARK, LIGHT = 25, 230  # grey levels of 255
LEAST = 20  # pictures before limits mean anything
_COLOURLESS = 0.03  # JPEG rounding leaves grey pictures this much colour
ODD, UNFIT = 2.0, 3.0  # how far `limits` reach: what is worth a look, and what is worth another photo
_RULES: tuple[tuple[str, str, str], ...] = (
    ("blurry", "blur", "low"),
    ("dark", "brightness", "low"),
    ("dark", "dark_share", "high"),
    ("light", "brightness", "high"),
    ("light", "light_share", "high"),
    ("low_information", "entropy", "low"),
    ("low_information", "contrast", "low"),
    ("odd_size", "megapixels", "both"),
    ("odd_aspect", "aspect", "both"),
    ("grayscale", "saturation", "low"),
)
# The least distance from the median that counts as odd, so that a uniform project does not flag trifles.
_SLACK = {"blur": 1.0, "brightness": 0.1, "dark_share": 0.1, "light_share": 0.1, "entropy": 0.5, "contrast": 0.03}
_LEAST_RATIO = 1e-6  # rounding makes a picture of four pixels 0 megapixels
_FACTORS = {"megapixels": 2.0, "aspect": 1.25}  # compared as ratios


def measure(pixels: Pixels) -> dict[str, float]:
    """Measure (height, width, 3) pixels on a copy of at most 256 pixels.

    Returns:
        blur (natural logarithm of 1 + the variance of the Laplacian; low is blurred), brightness and contrast (mean
        and standard deviation of grey, 0..1), dark_share and light_share (0..1), entropy (bits, 0..8), saturation
        (mean, 0..1), noise (grey levels, Immerkaer 1996), aspect (width / height), megapixels (of `pixels`).
    """
    copy = resize.small(pixels)
    grey = np.asarray(Image.fromarray(copy).convert("L"))
    counts = np.bincount(grey.ravel(), minlength=256) / grey.size
    levels = np.arange(256)
    mean = float(counts @ levels)
    used = counts[counts > 0]
    laplacian, noise = _second_differences(grey.astype(np.int16))
    height, width = pixels.shape[:2]
    found = {
        "blur": math.log1p(float(laplacian.var()) if laplacian.size else 0.0),
        "brightness": mean / 255,
        "contrast": math.sqrt(float(counts @ (levels - mean) ** 2)) / 255,
        "dark_share": float(counts[: DARK + 1].sum()),
        "light_share": float(counts[LIGHT:].sum()),
        "entropy": float(-(used * np.log2(used)).sum()) + 0.0,
        "saturation": _saturation(copy),
        "noise": noise,
        "aspect": width / height,
        "megapixels": width * height / 1e6,
    }
    return {name: round(value, 5) for name, value in found.items()}


def limits(measures: Sequence[Mapping[str, float]], *, reach: float = ODD) -> Limits:
    """What is usual in a project: per measure (low, high), None where that side is no fault.

    A limit lies `reach` times as far from the median as the tenth or ninetieth percentile does; twice is 2.6 sigma for
    a normal curve. Grey pictures are a fault only where nine in ten have colour. {} for fewer than 20 pictures.
    """
    if len(measures) < LEAST:
        return {}
    columns = {rule[1]: np.array([row[rule[1]] for row in measures if rule[1] in row]) for rule in _RULES}
    found: Limits = {}
    for name, values in columns.items():
        if values.size >= LEAST:
            sides = {side for _, measured, side in _RULES if measured == name}
            low, high = _fence(name, values, reach)
            found[name] = (low if sides & {"low", "both"} else None, high if sides & {"high", "both"} else None)
    return found


def issues(measures: Mapping[str, float], limits: Limits) -> list[str]:
    """The names of what is wrong, in the order of `ISSUES`; duplicates are found elsewhere."""
    found = {issue for issue, name, side in _RULES if name in measures and _odd(measures[name], limits.get(name), side)}
    return [issue for issue in ISSUES if issue in found]


def _odd(value: float, limit: tuple[float | None, float | None] | None, side: str) -> bool:
    low, high = limit or (None, None)
    too_low = side != "high" and low is not None and value < low
    return too_low or (side != "low" and high is not None and value > high)


def _second_differences(grey: NDArray[np.int16]) -> tuple[NDArray[np.int16], float]:
    """The Laplacian (height - 2, width - 2) and the noise in grey levels: sqrt(pi / 2) * mean |N| / 6.

    N is the difference of two Laplacians (Immerkaer, "Fast noise variance estimation", 1996).
    """
    if min(grey.shape) < 3:
        return np.zeros((0, 0), np.int16), 0.0
    down = grey[:-2] - 2 * grey[1:-1] + grey[2:]  # (height - 2, width)
    across = grey[1:-1, :-2] - 2 * grey[1:-1, 1:-1] + grey[1:-1, 2:]
    cross = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return down[:, 1:-1] + across, math.sqrt(math.pi / 2) * float(np.abs(cross).mean()) / 6


def _saturation(pixels: Pixels) -> float:
    """Mean of (max - min) / max over the channels, 0..1, black counting as 0."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    top = np.maximum(np.maximum(red, green), blue)
    bottom = np.minimum(np.minimum(red, green), blue)
    return float(((top - bottom) / np.maximum(top, 1).astype(np.float32)).mean())


def _fence(name: str, values: NDArray[np.float64], reach: float) -> tuple[float | None, float | None]:
    if name == "saturation":
        return (_COLOURLESS if float(np.quantile(values, 0.1)) > _COLOURLESS else None), None
    ratio = name in _FACTORS
    tenth, middle, ninetieth = np.quantile(
        np.log(np.maximum(values, _LEAST_RATIO)) if ratio else values, (0.1, 0.5, 0.9)
    )
    slack = math.log(_FACTORS[name]) if ratio else _SLACK[name]
    low = middle - max(reach * (middle - tenth), slack)
    high = middle + max(reach * (ninetieth - middle), slack)
    return (math.exp(low), math.exp(high)) if ratio else (float(low), float(high))
