"""Pictures with more than eight bits, or with transparency, as plain 8-bit RGB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_DEPTH_AT = 24  # the byte of a PNG that holds its bits per channel
_ROWS = 256  # converted at a time, so that 50 million floats do not become 400 MB of doubles
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


def bits(image: Image.Image) -> int:
    """Bits a channel in the file, where a TIFF says so; else 16."""
    tags: Any = getattr(image, "tag_v2", {})
    return int(tags.get(_BITS_PER_SAMPLE, (16,))[0])


def white_is_zero(image: Image.Image) -> bool:
    """Whether a deep TIFF counts from white to black, which Pillow does not turn round."""
    tags: Any = getattr(image, "tag_v2", {})
    return bool(tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """(height, width) uint8; 16 bits keep their high byte, as deep RGB files do."""
    if not image.mode.startswith("I;16"):
        return _from_numbers(np.asarray(image))
    values = np.asarray(image)
    small = (values >> (4 if bits(image) == 12 else 8)).clip(0, 255).astype(np.uint8)
    if white_is_zero(image):
        small = np.invert(small)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        small[values == clear] = 255
    return small


def _from_numbers(values: NDArray[Any]) -> NDArray[np.uint8]:
    """(height, width) integers or floats to 0..255, a few rows at a time; what is not a number becomes black."""
    blocks = range(0, len(values), _ROWS)
    ends = [_ends(values[at : at + _ROWS]) for at in blocks]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    low, high = (low, high) if low <= high else (0.0, 0.0)
    zero, gain = _scale(low, high, floating=values.dtype.kind == "f")
    found = np.empty(values.shape, np.uint8)
    for at in blocks:
        with np.errstate(invalid="ignore"):  # a signalling NaN complains when it is widened
            wide = values[at : at + _ROWS].astype(np.float64)
        part = np.nan_to_num(wide, nan=zero, posinf=high, neginf=low)
        found[at : at + _ROWS] = np.rint((part - zero) * gain)
    return found


def _ends(values: NDArray[Any]) -> tuple[float, float]:
    """The least and the greatest number, (inf, -inf) where there is none."""
    numbers = values[np.isfinite(values)]
    return (float(numbers.min()), float(numbers.max())) if numbers.size else (np.inf, -np.inf)


def _scale(low: float, high: float, *, floating: bool) -> tuple[float, float]:
    """Zero point and gain: floats in 0..1, and 0..255 and 0..65535 keep their meaning, other ranges are stretched."""
    if low >= 0 and floating and high <= 1:
        return 0.0, 255.0
    if low >= 0 and high <= 255:
        return 0.0, 1.0
    if low >= 0 and high <= 65535:
        return 0.0, 1 / 257
    return low, 255 / (high - low) if high > low else 0.0


def _fit_clear_colour(image: Image.Image, *, data: bytes) -> None:
    """Bring a PNG's transparent colour to the 8 bits that its pixels have now; Pillow leaves it as stored."""
    clear = image.info.get("transparency")
    if image.format != "PNG" or image.mode not in ("L", "RGB") or clear is None:
        return
    depth = data[_DEPTH_AT]
    image.info["transparency"] = _fit(clear, depth) if isinstance(clear, int) else tuple(_fit(v, depth) for v in clear)


def _fit(value: int, depth: int) -> int:
    if depth == 16:
        return value >> 8
    most = (1 << depth) - 1
    return (value & most) * 255 // most
