"""Pictures with more than eight bits, or with transparency, as plain 8-bit RGB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_DEPTH_AT = 24  # the byte of a PNG that holds its bits per channel
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0


def rgb(image: Image.Image, *, data: bytes) -> Image.Image:
    """An opened picture as mode RGB: deep channels scaled to 8 bits, transparency over white.

    Args:
        image: as Pillow opened it, any mode.
        data: the file, for what Pillow does not pass on.
    """
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    _fit_clear_colour(image, data=data)
    if not image.has_transparency_data:
        return image.convert("RGB")
    colours = image.convert("RGBA")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(colours, mask=colours.getchannel("A"))
    return flat


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """(height, width) uint8; 16 bits keep their high byte, as deep RGB files do."""
    if not image.mode.startswith("I;16"):
        return _from_numbers(np.asarray(image, dtype=np.float64))
    tags: Any = getattr(image, "tag_v2", {})
    values = np.asarray(image).astype(np.uint16)
    small = (values >> (4 if tags.get(_BITS_PER_SAMPLE) == (12,) else 8)).clip(0, 255).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        small = np.invert(small)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        small[values == clear] = 255
    return small


def _from_numbers(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """32-bit integers or floats: 0..1, 0..255 and 0..65535 keep their meaning, other ranges are stretched to theirs."""
    known = np.isfinite(values)
    low, high = (float(values[known].min()), float(values[known].max())) if known.any() else (0.0, 0.0)
    values = np.nan_to_num(values, nan=0.0, posinf=high, neginf=low)
    if low >= 0 and high <= 255:
        fraction = high <= 1 and bool((values % 1).any())
        return np.rint(values * (255 if fraction else 1)).astype(np.uint8)
    if low >= 0 and high <= 65535:
        return (values / 256).astype(np.uint8)
    return np.rint((values - low) / (high - low) * 255).astype(np.uint8)


def _fit_clear_colour(image: Image.Image, *, data: bytes) -> None:
    """Bring a PNG's transparent colour to the 8 bits that its pixels have now; Pillow leaves it as stored."""
    clear = image.info.get("transparency")
    if image.format != "PNG" or image.mode not in ("L", "RGB") or clear is None:
        return
    image.info["transparency"] = (
        _fit(clear, bits=data[_DEPTH_AT])
        if isinstance(clear, int)
        else tuple(_fit(v, bits=data[_DEPTH_AT]) for v in clear)
    )


def _fit(value: int, bits: int) -> int:
    if bits == 16:
        return value >> 8
    most = (1 << bits) - 1
    return (value & most) * 255 // most
