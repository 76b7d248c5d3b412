"""Random textures: band-limited fractal noise, cells and Gaussian blur, all by FFT so that they are fast and exact."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.floating[Any]]  # (size, size), or (3, size, size) for a colour; float32 in practice
Rng: TypeAlias = np.random.Generator


def as_field(values: Field) -> Field:
    """`values` as float32, copied only where they are something else."""
    return np.asarray(values, dtype=np.float32)


@lru_cache(maxsize=16)
def _frequencies(height: int, width: int) -> tuple[Field, Field]:
    """Vertical and horizontal frequency in cycles per `width` pixels, as `rfft2` lays them out."""
    vertical = np.fft.fftfreq(height, 1 / width).astype(np.float32)[:, None]
    horizontal = np.fft.rfftfreq(width, 1 / width).astype(np.float32)[None, :]
    return vertical, horizontal


@lru_cache(maxsize=128)
def _filter(size: int, slope: float, low: float, high: float) -> Field:
    vertical, horizontal = _frequencies(size, size)
    return _response(np.hypot(vertical, horizontal), slope, low, high)


def _response(frequency: Field, slope: float, low: float, high: float) -> Field:
    frequency = np.maximum(frequency, 0.5)
    passed = frequency**-slope * np.exp(-((frequency / high) ** 2)) * (1 - np.exp(-((frequency / max(low, 1e-3)) ** 4)))
    passed[0, 0] = 0.0
    return as_field(passed)


def fractal(rng: Rng, size: int, *, slope: float = 1.6, low: float = 0.0, high: float = 1e4) -> Field:
    """Periodic noise with amplitude ~ frequency^-slope between `low` and `high` (cycles per picture).

    Returns:
        (size, size) float32 with mean 0 and standard deviation 1.
    """
    return _synthesise(rng, size, _filter(size, slope, low, high))


def stretched(rng: Rng, size: int, *, angle: float, stretch: float, slope: float = 1.4, low: float = 0.0) -> Field:
    """Like `fractal`, but drawn out `stretch` times along `angle` (radians): grain, fibres, ripples."""
    vertical, horizontal = _frequencies(size, size)
    along = horizontal * np.cos(angle) + vertical * np.sin(angle)
    across = vertical * np.cos(angle) - horizontal * np.sin(angle)
    frequency = np.sqrt((along * stretch) ** 2 + across**2, dtype=np.float32)
    return _synthesise(rng, size, _response(frequency, slope, low, 1e4))


def _synthesise(rng: Rng, size: int, response: Field) -> Field:
    parts = rng.random((2, size, size // 2 + 1), dtype=np.float32) - np.float32(0.5)
    spectrum = (parts[0] + 1j * parts[1]) * response
    field = np.fft.irfft2(spectrum, s=(size, size)).astype(np.float32)
    return as_field(field / max(float(field.std()), 1e-12))


def grain(rng: Rng, size: int) -> Field:
    """White noise, (size, size), mean 0, standard deviation 1 (a sum of uniforms: close to Gaussian and fast)."""
    uniform = rng.random((3, size, size), dtype=np.float32).sum(axis=0)
    return as_field((uniform - np.float32(1.5)) * np.float32(2.0))


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur of (h, w) or (channels, h, w) with `sigma` in pixels; edges are repeated."""
    if sigma <= 0.15:
        return field
    if sigma < 1:
        return _blur_little(_blur_little(field, sigma).swapaxes(-1, -2), sigma).swapaxes(-1, -2)
    height, width = field.shape[-2:]
    margin = min(int(3 * sigma) + 1, (height - 1) // 2, (width - 1) // 2)
    sides = [(margin, _quick(side + 2 * margin) - side - margin) for side in (height, width)]
    padded = np.pad(field, [(0, 0)] * (field.ndim - 2) + sides, mode="reflect")
    response = _gaussian(padded.shape[-2], padded.shape[-1], round(float(sigma), 2))
    blurred = np.fft.irfft2(np.fft.rfft2(padded) * response, s=padded.shape[-2:])
    return as_field(blurred[..., margin : margin + height, margin : margin + width])


def _blur_little(field: Field, sigma: float) -> Field:
    """Blur along the last axis with a kernel of seven pixels, which is quicker than an FFT for a small `sigma`."""
    weights = np.exp(-(np.arange(4) ** 2) / (2 * sigma**2))
    weights[weights < 1e-3] = 0
    weights = (weights / (2 * weights.sum() - 1)).astype(np.float32)
    padded = np.pad(field, [(0, 0)] * (field.ndim - 1) + [(3, 3)], mode="edge")
    width = field.shape[-1]
    blurred = field * weights[0]
    for away in range(1, 4):
        if weights[away]:
            right, left = padded[..., 3 + away : 3 + away + width], padded[..., 3 - away : 3 - away + width]
            blurred = blurred + (right + left) * weights[away]
    return as_field(blurred)


@lru_cache(maxsize=128)
def _quick(length: int) -> int:
    """The next length from `length` on whose only prime factors are 2, 3 and 5: fast for an FFT."""
    rest = length
    for factor in (2, 3, 5):
        while rest % factor == 0:
            rest //= factor
    return length if rest == 1 else _quick(length + 1)


@lru_cache(maxsize=128)
def _gaussian(height: int, width: int, sigma: float) -> Field:
    vertical, horizontal = _frequencies(height, width)
    squared = (vertical**2 + horizontal**2) / width**2
    return np.exp(-2 * np.pi**2 * sigma**2 * squared).astype(np.float32)


def cells(rng: Rng, size: int, *, count: int) -> tuple[Field, Field, Field]:
    """Worley cells on a jittered, periodic grid of `count` × `count` points.

    Returns:
        Distance to the nearest point, distance to the second nearest (both in cell widths), and a random
        number in 0..1 that is constant within each cell; each (size, size).
    """
    points = rng.random((3, count, count), dtype=np.float32)
    padded = np.pad(points, ((0, 0), (1, 1), (1, 1)), mode="wrap").reshape(3, -1)
    places = (np.arange(size, dtype=np.float32) + 0.5) * (count / size)
    whole = places.astype(np.int32)
    rest = (places - whole).astype(np.float32)
    corner = whole[:, None] * (count + 2) + whole[None, :]
    nearest = np.full((size, size), 9.0, dtype=np.float32)
    second, value = nearest.copy(), np.zeros((size, size), dtype=np.float32)
    for down in range(3):
        for right in range(3):
            index = corner + (down * (count + 2) + right)
            across = padded[0].take(index) + (right - 1 - rest)[None, :]
            along = padded[1].take(index) + (down - 1 - rest)[:, None]
            squared = across * across + along * along
            closer = squared < nearest
            second = np.minimum(np.maximum(nearest, squared), second)
            nearest = np.minimum(nearest, squared)
            value = np.where(closer, padded[2].take(index), value)
    return np.sqrt(nearest), np.sqrt(second), value


def step(low: float, high: float, field: Field) -> Field:
    """Smooth step: 0 below `low`, 1 above `high`; with `low` > `high` it falls instead of rising."""
    share = np.clip((field - np.float32(low)) * np.float32(1.0 / (high - low)), 0, 1)
    return as_field(share * share * (3 - 2 * share))
